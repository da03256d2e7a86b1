"""The reference pages of the manual, made from what the workflow itself reads: schema, cards, rules, Makefile."""
