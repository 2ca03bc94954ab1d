package dev.andante.expert;

import jakarta.validation.constraints.AssertTrue;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Which experts this process holds: those with {@code id % shards == shard}.
 *
 * @param shard index of this process's share
 * @param shards how many shares there are
 * @param maxRows most rows accepted in one message
 */
@Validated
@ConfigurationProperties(prefix = "andante.expert", ignoreUnknownFields = false)
public record ExpertProperties(
    @DefaultValue("0") @Min(0) int shard,
    @DefaultValue("1") @Min(1) @Max(4096) int shards,
    @DefaultValue("16384") @Min(1) int maxRows) {

  @AssertTrue(message = "andante.expert.shard must be below andante.expert.shards")
  boolean isShardInRange() {
    return shard < shards;
  }
}
