package dev.andante.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Names as workers have them; computed by hand, with Python's hashlib. */
class BlockNamesTest {

  private static final int[] TOKENS = {1, 2, 3, 4, 5, 6, -7, 8, 9};

  @Test
  void aNameIsTheHashOfItsParentAndItsTokens() {
    BlockNames names = new BlockNames("model", TOKENS, 4);
    assertThat(names.count()).isEqualTo(2);
    assertThat(names.name(1)).isEqualTo(new BlockName(0xd88f6fd610b2b7dbL, 0x8b9a03a46498f3eeL));
    assertThat(names.name(0)).isEqualTo(new BlockName(0xe6d3b97435edf98fL, 0x5db7149196016b97L));
    assertThat(new BlockNames("other", TOKENS, 4).name(0)).isNotEqualTo(names.name(0));
  }

  @Test
  void aTokenIsAlwaysLeftToCompute() {
    assertThat(new BlockNames("model", new int[8], 4).count()).isEqualTo(1);
    assertThat(new BlockNames("model", new int[3], 4).count()).isZero();
    assertThat(new BlockNames("model", new int[0], 4).count()).isZero();
  }
}
