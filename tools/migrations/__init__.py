"""Do migrations give the tables of the models, and hold up nobody on the way there?"""
