package dev.andante.engine.transfer;

import dev.andante.engine.Attempt;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.kvcache.BlockTable;

/** One reservation. */
public final class Transfer {

  private final String handle;
  private final Attempt attempt;
  private final PromptTokens prompt;
  private final BlockTable blocks;
  private final ArrivedRuns arrived;
  private TransferState state = TransferState.OPEN;
  private long deadline;

  Transfer(String handle, Attempt attempt, PromptTokens prompt, BlockTable blocks, int layers) {
    this.handle = handle;
    this.attempt = attempt;
    this.prompt = prompt;
    this.blocks = blocks;
    this.arrived = new ArrivedRuns(prompt.ids().length, layers);
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

  /** Holds blocks in the states RESERVED to COMMITTED. */
  public BlockTable blocks() {
    return blocks;
  }

  public TransferState state() {
    return state;
  }

  int tokens() {
    return prompt.ids().length;
  }

  ArrivedRuns arrived() {
    return arrived;
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
