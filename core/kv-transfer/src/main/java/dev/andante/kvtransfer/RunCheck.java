package dev.andante.kvtransfer;

import dev.andante.compute.KvLayout;
import org.jspecify.annotations.Nullable;

/**
 * Whether a run is the one that is due, fits the prompt and the layout, and is what was sent; and
 * whether a commit is of all that.
 */
final class RunCheck {

  private RunCheck() {}

  /**
   * What is wrong with a run, or null.
   *
   * @param expected the sequence number that is due
   * @param coding of its payload
   */
  static @Nullable String faultOf(
      KvRun run, long expected, KvLayout layout, KvCoding coding, int promptTokens) {
    if (run.sequence() != expected) {
      return "frame " + run.sequence() + " came where " + expected + " was due";
    }
    boolean inPrompt =
        run.firstToken() >= 0
            && run.tokens() >= 1
            && run.tokens() <= layout.blockSize()
            && run.firstToken() <= promptTokens - run.tokens();
    boolean inBlock =
        inPrompt
            && run.firstToken() / layout.blockSize()
                == (run.firstToken() + run.tokens() - 1) / layout.blockSize();
    if (!inBlock) {
      return run.tokens()
          + " tokens at "
          + run.firstToken()
          + " are not within one block of "
          + layout.blockSize()
          + " of a prompt of "
          + promptTokens;
    }
    if (run.firstLayer() < 0
        || run.layers() < 1
        || run.firstLayer() > layout.layers() - run.layers()) {
      return run.layers() + " layers at " + run.firstLayer() + " of " + layout.layers();
    }
    long size = coding.bytes(layout, run.tokenLayers());
    if (run.payload().remaining() != size) {
      return "frame of " + run.payload().remaining() + " bytes where " + size + " were due";
    }
    if (!run.intact()) {
      return "checksum of frame " + run.sequence() + " does not match its content";
    }
    return null;
  }

  /**
   * What is wrong with a commit, or null.
   *
   * @param arrived how many runs have come
   */
  static @Nullable String faultOfCommit(long frames, long arrived, int tokens, int promptTokens) {
    if (frames == arrived && tokens == promptTokens) {
      return null;
    }
    return "commit of "
        + frames
        + " frames and "
        + tokens
        + " tokens, but "
        + arrived
        + " frames arrived for a prompt of "
        + promptTokens
        + " tokens";
  }
}
