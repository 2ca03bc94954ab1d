package dev.andante.standalone;

import dev.andante.service.config.Between;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * All roles in one JVM.
 *
 * @param remoteExperts on or off: whether the experts of a mixture-of-experts model run in the
 *     expert role, over loopback like every other leg, or inside the model that prefill and decode
 *     share
 * @param expertDeadline for the answers of one layer, 1ms to 10m
 */
@Validated
@ConfigurationProperties(prefix = "andante.standalone", ignoreUnknownFields = false)
public record StandaloneProperties(
    @DefaultValue("on") boolean remoteExperts,
    @DefaultValue("30s") @Between(min = "1ms", max = "10m") Duration expertDeadline) {}
