package dev.andante.engine;

import java.util.List;

/**
 * Guesses ahead. Implementations are asynchronous and never make the engine wait longer than the
 * bound given to {@link #propose}; one that is slow or gone simply proposes nothing. Called on the
 * engine thread.
 */
public interface DraftSource extends AutoCloseable {

  /** Proposes nothing. */
  DraftSource NONE =
      new DraftSource() {
        @Override
        public void append(String sequence, int offset, int[] tokens, int maxTokens) {}

        @Override
        public void end(String sequence) {}

        @Override
        public List<Draft> propose(long maxWaitNanos) {
          return List.of();
        }

        @Override
        public void close() {}
      };

  /**
   * Tokens that continue a sequence.
   *
   * @param position length of the sequence that they continue; a draft for another length is stale
   *     and ignored
   * @param tokens the guess; empty says that there is none, so that nobody waits for one
   */
  record Draft(String sequence, int position, int[] tokens) {}

  /**
   * A sequence gained tokens, and a proposal of up to {@code maxTokens} is wanted for what follows;
   * none if 0.
   *
   * @param offset position of {@code tokens[0]}; 0 starts the sequence
   */
  void append(String sequence, int offset, int[] tokens, int maxTokens);

  /** The sequence is over. */
  void end(String sequence);

  /** Proposals that have arrived, waiting at most {@code maxWaitNanos} for outstanding ones. */
  List<Draft> propose(long maxWaitNanos);

  @Override
  void close();
}
