package dev.andante.compute.onednn;

import dev.andante.compute.BackendException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Instruction sets as oneDNN ranks them, each with its code in {@code dnnl_cpu_isa_t}. */
enum Isa {
  /** As a limit: no limit. As what was found: nothing below, as on other processors than x86. */
  NATIVE(0x0),
  SSE41(0x1),
  AVX2(0x7),
  AVX2_VNNI(0xF),
  AVX2_VNNI_2(0x1F),
  AVX512(0x27),
  AVX512_VNNI(0x67),
  AVX512_BF16(0xE7),
  AVX512_FP16(0x1EF),
  AMX(0xFEF),
  AMX_FP16(0x1FEF);

  private final int code;

  Isa(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }

  /** The highest one whose instructions {@code code} has. */
  static Isa of(int code) {
    Isa best = NATIVE;
    for (Isa isa : values()) {
      if ((code & isa.code) == isa.code) {
        best = isa;
      }
    }
    return best;
  }

  /**
   * The one called {@code name}, in any case, with dashes or underscores.
   *
   * @throws BackendException naming those there are
   */
  static Isa named(String name) {
    for (Isa isa : values()) {
      if (isa.text().equals(name.toLowerCase(Locale.ROOT).replace('_', '-'))) {
        return isa;
      }
    }
    throw new BackendException(
        Arrays.stream(values())
            .map(Isa::text)
            .collect(Collectors.joining(", ", "no instruction set '" + name + "'; known: ", "")));
  }

  /** Lower case, with dashes. */
  String text() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
