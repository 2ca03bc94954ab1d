package dev.andante.tokenizer;

/** A token that is matched in the text itself, before any splitting. */
record AddedToken(int id, String text, boolean special, boolean lstrip, boolean rstrip) {}
