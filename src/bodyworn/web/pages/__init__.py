"""Pages for people, one file a page. A view parses, asks the rule, does the verb, answers."""
