package dev.andante.simulator.serving;

import dev.andante.simulator.trace.TraceRequest;

/**
 * Token ids for requests of which only lengths are known: prompts share exactly what the trace says
 * that they share, and answers share nothing.
 */
final class Prompts {

  private Prompts() {}

  /**
   * @param partTokens that a name in the request's prefix stands for
   */
  static int[] tokens(int index, TraceRequest request, int partTokens) {
    int[] tokens = new int[request.inputTokens()];
    for (int i = 0; i < tokens.length; i++) {
      int part = i / partTokens;
      tokens[i] =
          part < request.prefix().size()
              ? mix(request.prefix().get(part), i % partTokens)
              : own(index, i);
    }
    return tokens;
  }

  /** A token that no other request has there. */
  static int own(int index, int position) {
    return mix(~(long) index, position);
  }

  private static int mix(long name, int position) {
    long mixed = name * 0x9E3779B97F4A7C15L + position * 0xC2B2AE3D27D4EB4FL;
    mixed ^= mixed >>> 32;
    return (int) ((mixed * 0xD6E8FEB86659FD93L) >>> 33);
  }
}
