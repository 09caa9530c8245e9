"""What operators ask: is it safe, would the rule files load, which revision?"""
