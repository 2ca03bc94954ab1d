package dev.andante.tokenizer;

/** One message of a chat, as the client sent it. */
public record Message(String role, String content) {}
