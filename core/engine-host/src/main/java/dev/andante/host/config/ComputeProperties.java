package dev.andante.host.config;

import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * What computes.
 *
 * @param backend name of a backend on the class path; auto = the best available one. A named one
 *     that is missing fails the start
 * @param precision exact = weights as the file says and activations of f32 or bf16; fast = rounds
 *     activations to 8 bits in products, where the backend can; auto = fast if a probe of the model
 *     shows that it costs less than 1 % of perplexity; exact where experts are elsewhere
 * @param threads that kernels run on; 0 = one per processor
 * @param probeFolder folder that keeps what the probe found, for later starts with the same model,
 *     backend and build; made if need be. Empty = each start probes
 */
@Validated
@ConfigurationProperties(prefix = "andante.compute", ignoreUnknownFields = false)
public record ComputeProperties(
    @DefaultValue("auto") @NotBlank String backend,
    @DefaultValue("auto") PrecisionChoice precision,
    @DefaultValue("0") @Min(0) int threads,
    @DefaultValue("") String probeFolder) {

  /** How a precision is chosen. */
  public enum PrecisionChoice {
    AUTO,
    EXACT,
    FAST
  }

  /** The number of threads meant. */
  public int effectiveThreads() {
    return threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
  }
}
