package dev.andante.engine.speculative;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.speculative.PromptLookup.Match;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class PromptLookupTest {

  @Test
  void continuesTheLongestNgram() {
    PromptLookup lookup = new PromptLookup();
    lookup.append(7, 1, 2, 3, 9, 5, 3, 4, 1, 2, 3);
    assertThat(lookup.propose(2)).containsExactly(9, 5);
    assertThat(lookup.propose(0)).isEmpty();
  }

  @Test
  void firstOrLatestOccurrence() {
    int[] tokens = {1, 10, 1, 20, 1};
    PromptLookup first = new PromptLookup(1, Match.LEFT_MOST);
    first.append(tokens);
    assertThat(first.propose(1)).containsExactly(10);
    PromptLookup latest = new PromptLookup(1, Match.MOST_RECENT);
    latest.append(tokens);
    assertThat(latest.propose(1)).containsExactly(20);
  }

  @Test
  void nothingToSay() {
    PromptLookup lookup = new PromptLookup();
    assertThat(lookup.propose(5)).isEmpty();
    lookup.append(1);
    assertThat(lookup.propose(5)).isEmpty();
    lookup.append(2);
    assertThat(lookup.propose(5)).isEmpty();
  }

  @Property(tries = 500)
  void equalsASearchFromScratch(
      @ForAll @Size(max = 300) List<@IntRange(max = 5) Integer> tokens,
      @ForAll @IntRange(min = 1, max = 4) int maxNgram,
      @ForAll @IntRange(min = 1, max = 6) int k,
      @ForAll Match match) {
    PromptLookup lookup = new PromptLookup(maxNgram, match);
    int[] all = tokens.stream().mapToInt(Integer::intValue).toArray();
    for (int i = 0; i < all.length; i++) {
      lookup.append(all[i]);
      assertThat(lookup.propose(k))
          .isEqualTo(search(Arrays.copyOf(all, i + 1), maxNgram, k, match));
    }
  }

  private static int[] search(int[] tokens, int maxNgram, int k, Match match) {
    for (int n = Math.min(maxNgram, tokens.length - 1); n >= 1; n--) {
      int[] tail = Arrays.copyOfRange(tokens, tokens.length - n, tokens.length);
      int found = -1;
      for (int end = n; end < tokens.length; end++) {
        if (Arrays.equals(Arrays.copyOfRange(tokens, end - n, end), tail)
            && (found < 0 || match == Match.MOST_RECENT)) {
          found = end;
        }
      }
      if (found >= 0) {
        return Arrays.copyOfRange(tokens, found, Math.min(tokens.length, found + k));
      }
    }
    return new int[0];
  }

  @Test
  void draftSourceFollowsSequences() {
    try (PromptLookupDrafts drafts = new PromptLookupDrafts()) {
      drafts.append("a", 0, new int[] {1, 2, 3, 1, 2}, 2);
      drafts.append("b", 0, new int[] {4}, 2);
      drafts.append("unknown", 3, new int[] {4}, 2);
      var proposals = drafts.propose(0);
      assertThat(proposals).hasSize(2);
      assertThat(proposals.getFirst().position()).isEqualTo(5);
      assertThat(proposals.getFirst().tokens()).containsExactly(3, 1);
      assertThat(proposals.getLast().tokens()).isEmpty();
      assertThat(drafts.propose(0)).isEmpty();
      drafts.end("a");
      drafts.append("a", 5, new int[] {1}, 2);
      assertThat(drafts.propose(0)).isEmpty();
    }
  }
}
