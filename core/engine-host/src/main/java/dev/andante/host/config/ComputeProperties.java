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
 * @param threads that kernels run on; 0 = one per processor
 */
@Validated
@ConfigurationProperties(prefix = "andante.compute", ignoreUnknownFields = false)
public record ComputeProperties(
    @DefaultValue("auto") @NotBlank String backend, @DefaultValue("0") @Min(0) int threads) {

  /** The number of threads meant. */
  public int effectiveThreads() {
    return threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
  }
}
