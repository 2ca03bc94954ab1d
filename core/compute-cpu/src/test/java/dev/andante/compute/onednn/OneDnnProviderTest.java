package dev.andante.compute.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.Backend;
import dev.andante.compute.BackendException;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import dev.andante.compute.ckernels.NativeProvider;
import dev.andante.compute.vector.VectorProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OneDnnProviderTest {

  @Test
  void onlyTilesOfBf16StandAboveTheVectorApi() {
    int kernels = new NativeProvider().priority();
    int vector = new VectorProvider().priority();
    assertThat(OneDnnProvider.priority(Format.BF16, true)).isBetween(vector + 1, kernels - 1);
    assertThat(OneDnnProvider.priority(Format.BF16, false)).isLessThan(vector);
    assertThat(OneDnnProvider.priority(Format.S8, true)).isLessThan(vector);
    assertThat(OneDnnProvider.priority(Format.S8, false)).isLessThan(vector);
  }

  @Test
  void tilesAreSeenInWhatLinuxSaysOfTheProcessor(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("cpuinfo");
    assertThat(Processor.hasAmx(file)).isFalse();
    Files.writeString(file, "processor\t: 0\nflags\t\t: fpu avx512_bf16 amx_bf16 amx_tile\n");
    assertThat(Processor.hasAmx(file)).isTrue();
    Files.writeString(file, "processor\t: 0\nflags\t\t: fpu avx512_bf16 amx_tile amx_int8\n");
    assertThat(Processor.hasAmx(file)).isFalse();
    Files.writeString(file, "processor\t: 0\nFeatures\t: fp asimd bf16\n");
    assertThat(Processor.hasAmx(file)).isFalse();
  }

  @Test
  void askingIsHarmless() {
    assertThat(new OneDnnProvider().unavailableReason())
        .doesNotContain("Exception")
        .doesNotContain("\n");
  }

  @Test
  void aBackendSaysWhatItRunsOn() {
    OneDnn library = OneDnnTests.openOrSkip();
    try (ComputePool pool = new ComputePool(1);
        Backend rest = OneDnnProvider.rest(pool, Precision.FAST);
        Backend bf16 =
            new OneDnnProvider(Format.BF16, OneDnnTests.limit()).create(pool, Precision.FAST);
        Backend s8 =
            new OneDnnProvider(Format.S8, OneDnnTests.limit()).create(pool, Precision.FAST)) {
      assertThat(bf16.name()).isEqualTo("onednn");
      assertThat(s8.name()).isEqualTo("onednn-s8");
      assertThat(bf16.description())
          .contains(library.version(), library.isa().text(), "bf16 products of 64 rows or more")
          .endsWith(rest.description());
      assertThat(bf16.numerics()).contains("-bf16-", library.isa().text(), rest.numerics());
      assertThat(s8.description()).contains("s8 products of").doesNotContain("bf16 weights");
      assertThat(s8.numerics()).contains("-s8-");
    }
  }

  @Test
  void manyRowsAreTakenAnotherWayInFastOnly() {
    OneDnnTests.openOrSkip();
    try (ComputePool pool = new ComputePool(1);
        Backend exact = OneDnnTests.backend(pool, Format.S8, Precision.EXACT, 5);
        Backend fast = OneDnnTests.backend(pool, Format.S8, Precision.FAST, 5)) {
      assertThat(exact.manyRows()).isEqualTo(Integer.MAX_VALUE);
      assertThat(fast.manyRows()).isEqualTo(5);
      fast.setPrecision(Precision.EXACT);
      assertThat(fast.manyRows()).isEqualTo(Integer.MAX_VALUE);
      assertThat(fast.precision()).isEqualTo(Precision.EXACT);
      exact.setPrecision(Precision.FAST);
      assertThat(exact.manyRows()).as("nothing was packed for it").isEqualTo(Integer.MAX_VALUE);
    }
  }

  @Test
  void theLimitOfAProcessCannotChange() {
    OneDnnTests.openOrSkip();
    Isa other = OneDnnTests.limit() == Isa.SSE41 ? Isa.AVX2 : Isa.SSE41;
    try (ComputePool pool = new ComputePool(1)) {
      assertThatThrownBy(() -> new OneDnnProvider(Format.BF16, other).create(pool, Precision.FAST))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining(OneDnnTests.limit().text())
          .hasMessageContaining("sse41");
    }
  }

  @Test
  void instructionSetsHaveNames() {
    assertThat(Isa.named("AVX512_VNNI")).isEqualTo(Isa.AVX512_VNNI);
    assertThat(Isa.named("avx512-bf16")).isEqualTo(Isa.AVX512_BF16);
    assertThat(Isa.of(0xE7)).isEqualTo(Isa.AVX512_BF16);
    assertThat(Isa.of(0x7)).isEqualTo(Isa.AVX2);
    assertThat(Isa.of(0x22FFF)).isEqualTo(Isa.AMX);
    assertThat(Isa.of(0)).isEqualTo(Isa.NATIVE);
    assertThatThrownBy(() -> Isa.named("mmx"))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("mmx")
        .hasMessageContaining("avx2");
  }
}
