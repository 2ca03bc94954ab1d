package dev.andante.prefill;

import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * The prefill role.
 *
 * @param transferTimeout longest KV transfer, from the first message to the acknowledged commit;
 *     the request's own deadline ends it earlier
 * @param maxFrame payload of a KV frame; a bigger block is split by layers
 * @param expertAddresses {@code host:port} of expert services that hold the experts of a
 *     mixture-of-experts model; empty = experts run here
 * @param expertDeadline for the answers of one layer
 */
@Validated
@ConfigurationProperties(prefix = "andante.prefill", ignoreUnknownFields = false)
public record PrefillProperties(
    @DefaultValue("60s") Duration transferTimeout,
    @DefaultValue("1MB") DataSize maxFrame,
    @DefaultValue List<String> expertAddresses,
    @DefaultValue("5s") Duration expertDeadline) {}
