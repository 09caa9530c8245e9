"""Clinical rules: plain values in, plain values out. The standard library and nothing of ours."""
