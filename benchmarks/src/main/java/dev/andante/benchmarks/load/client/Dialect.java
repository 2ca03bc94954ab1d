package dev.andante.benchmarks.load.client;

/** What a server understands. */
public enum Dialect {
  /** Token ids in each chunk, answers of exactly the length asked for, expectations of readers. */
  ANDANTE,
  /** OpenAI's parameters alone: a chunk with text counts as a token, and answers may end early. */
  OPENAI
}
