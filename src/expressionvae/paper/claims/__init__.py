"""The paper's claims as predicates over score tables: evidence in, findings out, a table to read."""
