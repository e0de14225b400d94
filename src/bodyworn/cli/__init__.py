"""The command line: parses, calls a verb, turns errors into words and exit codes."""
