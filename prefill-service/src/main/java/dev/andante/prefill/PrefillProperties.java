package dev.andante.prefill;

import dev.andante.kvtransfer.KvCoding;
import dev.andante.service.config.Between;
import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * The prefill role.
 *
 * @param transferTimeout longest KV transfer, from the first message to the acknowledged commit,
 *     1ms to 1h; the request's own deadline ends it earlier
 * @param maxFrame payload of a KV frame, 1KB to 1GB; a bigger block is split by layers. Below
 *     decode's {@code andante.grpc.max-message-size}
 * @param maxParked KV that is kept, of all prompts together, for decodes that have no room for it
 *     yet, 0 to 1TB; it lies outside the heap. Beyond that prompts are computed only when decode
 *     has room
 * @param kvCoding how KV is offered to decode: as-is, or q8, in eight bits an element, which is
 *     about half the bytes and not the same bits. Decode takes what it knows
 * @param expertAddresses {@code host:port} of expert services that hold the experts of a
 *     mixture-of-experts model; empty = experts run here
 * @param expertDeadline for the answers of one layer, 1ms to 10m
 */
@Validated
@ConfigurationProperties(prefix = "andante.prefill", ignoreUnknownFields = false)
public record PrefillProperties(
    @DefaultValue("60s") @Between(min = "1ms", max = "1h") Duration transferTimeout,
    @DefaultValue("1MB") @Between(min = "1KB", max = "1GB") DataSize maxFrame,
    @DefaultValue("64MB") @Between(min = "0B", max = "1TB") DataSize maxParked,
    @DefaultValue("as-is") KvCoding kvCoding,
    @DefaultValue List<String> expertAddresses,
    @DefaultValue("5s") @Between(min = "1ms", max = "10m") Duration expertDeadline) {}
