package dev.andante.service.config;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Stopping.
 *
 * @param timeout how long running work may go on after SIGTERM, 0s to 1h; keep it below the pod's
 *     terminationGracePeriodSeconds
 */
@Validated
@ConfigurationProperties(prefix = "andante.drain", ignoreUnknownFields = false)
public record DrainProperties(
    @DefaultValue("20s") @Between(min = "0s", max = "1h") Duration timeout) {}
