package dev.andante.kvtransfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KvCodingTest {

  @ParameterizedTest
  @EnumSource
  void whatIsOfferedIsChosen(KvCoding coding) {
    assertThat(KvCoding.chosenFrom(coding.offers())).isEqualTo(coding);
    assertThat(KvCoding.named(coding.wireName())).contains(coding);
  }

  @Test
  void theFirstOneKnownIsChosen() {
    assertThat(KvCoding.chosenFrom(List.of("q4", "q8"))).isEqualTo(KvCoding.Q8);
    assertThat(KvCoding.chosenFrom(List.of("q4", "Q8"))).isEqualTo(KvCoding.AS_IS);
    assertThat(KvCoding.named("q4")).isEmpty();
  }

  /** Of a token of the default model. */
  @Test
  void eightBitsAreAboutHalfOfBf16() {
    KvLayout layout = new KvLayout(30, 3, 64, 16, DType.BF16);
    assertThat(KvCoding.AS_IS.bytes(layout, 30)).isEqualTo(23_040);
    assertThat(KvCoding.Q8.bytes(layout, 30)).isEqualTo(11_880);
  }
}
