package dev.andante.simulator.cost;

import dev.andante.qoe.latency.DecodeCoefficients;
import dev.andante.qoe.latency.PrefillCoefficients;
import java.util.List;
import java.util.Optional;

/** The profiles known by name. */
public final class Profiles {

  /**
   * OPT-66B in fp16 on four A100-80GB (the testbed of Andes v1, arXiv 2404.16283: it holds OPT-175B
   * in 8 bits too, so its cards have 80 GB). Not measured: derived from published figures.
   *
   * <ul>
   *   <li>The model (Zhang et al., arXiv 2205.01068, table 1): 64 layers, width 9216, so 132 GB of
   *       weights and 2·64·9216·2 = 2.36 MB of KV a token.
   *   <li>A card (NVIDIA's A100 data sheet): 312 TFLOP/s in fp16, 2,039 GB/s, 80 GB.
   *   <li>Memory: 90 % of 320 GB, vLLM's default share, less weights and 5 GB of activations leave
   *       64,000 tokens. Cross-check: vLLM (Kwon et al., arXiv 2309.06180, table 1) has 21 GB for
   *       KV, 9.7K tokens, on four cards of 40 GB.
   *   <li>Prefill: 2·66·10⁹ FLOP a token at half of the peak, 0.21 ms; 4·64·9216 FLOP a pair at
   *       half of the peak, 3.8 ns.
   *   <li>Decode: the weights once at three quarters of the bandwidth, 21.6 ms, two all-reduces a
   *       layer at 20 µs, 2.6 ms, and 6 ms of the host's; a row 0.25 ms, as prefill and sampling; a
   *       token of context 2.36 MB at half of the bandwidth, 0.58 µs.
   *   <li>A block to the host's memory or back, a quarter of it on each card, at half of the 32
   *       GB/s of PCIe 4.0 x16: 0.59 ms, in which nothing else runs. No such memory unless told
   *       otherwise.
   * </ul>
   *
   * 256 sequences are vLLM's default.
   */
  private static final Profile OPT_66B_A100 =
      new Profile(
          "opt-66b-a100",
          new StepCost(
              new PrefillCoefficients(30e-3, 0.21e-3, 3.8e-9),
              new DecodeCoefficients(30e-3, 0.25e-3, 0.58e-6)),
          16,
          4_000,
          0,
          0.59e-3,
          256,
          512,
          8_192);

  /**
   * The default model (135M parameters) on two CPU cores: the engine's priors. What this machine
   * really takes is given with {@code --prefill} and {@code --decode}.
   */
  private static final Profile THIS_MACHINE =
      new Profile(
          "this-machine",
          new StepCost(PrefillCoefficients.PRIOR, DecodeCoefficients.PRIOR),
          16,
          1_024,
          0,
          0.2e-3,
          16,
          256,
          8_192);

  public static final List<Profile> ALL = List.of(OPT_66B_A100, THIS_MACHINE);

  private Profiles() {}

  public static Optional<Profile> named(String name) {
    return ALL.stream().filter(profile -> profile.name().equals(name)).findFirst();
  }
}
