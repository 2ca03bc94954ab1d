package dev.andante.engine.transfer;

import dev.andante.engine.Attempt;
import dev.andante.engine.KvSource;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.kvcache.BlockTable;

/** One reservation. Its first blocks may be shared with others, and are read only then. */
public final class Transfer {

  private final String handle;
  private final Attempt attempt;
  private final PromptTokens prompt;
  private final KvSource source;
  private final BlockTable blocks;
  private final int cachedTokens;
  private final ArrivedRuns arrived;
  private TransferState state = TransferState.OPEN;
  private long deadline;

  Transfer(
      String handle,
      Attempt attempt,
      PromptTokens prompt,
      KvSource source,
      BlockTable blocks,
      int cachedTokens,
      int layers) {
    this.handle = handle;
    this.attempt = attempt;
    this.prompt = prompt;
    this.source = source;
    this.blocks = blocks;
    this.cachedTokens = cachedTokens;
    this.arrived = new ArrivedRuns(prompt.ids().length - cachedTokens, layers);
  }

  public String handle() {
    return handle;
  }

  public Attempt attempt() {
    return attempt;
  }

  public PromptTokens prompt() {
    return prompt;
  }

  KvSource source() {
    return source;
  }

  /** Holds blocks in the states RESERVED to COMMITTED. */
  public BlockTable blocks() {
    return blocks;
  }

  /** Leading tokens whose KV was there from the start. */
  public int cachedTokens() {
    return cachedTokens;
  }

  public TransferState state() {
    return state;
  }

  int tokens() {
    return prompt.ids().length;
  }

  /** Pairs of a token and a layer still missing. */
  int missing() {
    return arrived.missing();
  }

  /** The first missing pair in words. */
  String firstMissing() {
    return arrived.firstMissing(cachedTokens);
  }

  /** A run was stored; only what is beyond the cached tokens counts. */
  void arrived(int firstToken, int tokens, int firstLayer, int layers) {
    int first = Math.max(firstToken, cachedTokens);
    arrived.add(first - cachedTokens, firstToken + tokens - first, firstLayer, layers);
  }

  long deadline() {
    return deadline;
  }

  void renew(long until) {
    deadline = until;
  }

  void become(TransferState next) {
    if (!state.canBecome(next)) {
      throw new IllegalStateException("transfer " + state + " cannot become " + next);
    }
    state = next;
  }
}
