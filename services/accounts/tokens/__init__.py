"""Token families: started, refreshed, checked at each request, ended."""
