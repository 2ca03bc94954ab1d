package dev.andante.draft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SequenceContextsTest {

  private final SequenceContexts contexts = new SequenceContexts(new DraftProperties(3, 10, 2, 20));

  @Test
  void tokensThatFollowOnAreTakenUp() {
    assertThat(contexts.append("a", 0, new int[] {1, 2, 3})).isPresent();
    assertThat(contexts.append("a", 3, new int[] {4})).isPresent();
  }

  @Test
  void aHoleMakesTheSequenceUnknownUntilSentAgain() {
    contexts.append("a", 0, new int[] {1, 2, 3});
    assertThat(contexts.append("a", 4, new int[] {5})).isEmpty();
    assertThat(contexts.append("a", 3, new int[] {4})).as("the context is gone").isEmpty();
    assertThat(contexts.append("a", 0, new int[] {1, 2, 3, 4, 5})).isPresent();
  }

  @Test
  void theLongestUntouchedSequenceIsForgottenFirst() {
    contexts.append("a", 0, new int[] {1});
    contexts.append("b", 0, new int[] {1});
    contexts.append("a", 1, new int[] {2});
    contexts.append("c", 0, new int[] {1});
    assertThat(contexts.size()).isEqualTo(2);
    assertThat(contexts.append("b", 1, new int[] {2})).isEmpty();
    assertThat(contexts.append("a", 2, new int[] {3})).isPresent();
  }

  @Test
  void aSequenceThatOutgrowsTheLimitIsDropped() {
    contexts.append("a", 0, new int[20]);
    assertThat(contexts.append("a", 20, new int[] {1})).isEmpty();
    assertThat(contexts.size()).isZero();
  }

  @Test
  void anEndedSequenceIsForgotten() {
    contexts.append("a", 0, new int[] {1});
    contexts.end("a");
    contexts.end("a");
    assertThat(contexts.append("a", 1, new int[] {2})).isEmpty();
  }
}
