"""Pure judgements: nouns in, a Decision with its reason out. No clock, no file, no table."""
