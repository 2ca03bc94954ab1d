package dev.andante.decode;

import dev.andante.kvtransfer.KvCoding;
import dev.andante.service.config.Between;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * The decode role.
 *
 * @param draftAddress {@code host:port} of a draft service; empty = no speculation
 * @param expertAddresses {@code host:port} of expert services that hold the experts of a
 *     mixture-of-experts model; empty = experts run here
 * @param expertDeadline for the answers of one layer, 1ms to 10m
 * @param maxBufferedTokens tokens kept for a reader that does not read; a slower one is cancelled
 * @param kvAddress {@code host:port} under which prefill workers reach this one; empty = where its
 *     gRPC server listens
 * @param kvLink whether prefill and other decode workers may send KV over a TCP port of its own
 *     beside gRPC, which takes half the processor time. Who cannot reach it sends over gRPC
 * @param kvLinkPort of that; 0 = any free one. On the interface of the gRPC server
 * @param kvLinkAdvertisedPort where prefill reaches that port, if something between them maps
 *     ports; 0 = where it listens. The host is that of {@code kv-address}
 * @param handOver whether a worker that stops offers the answers under way, with their KV, to
 *     others
 * @param kvCoding how KV is offered to those others: as-is, or q8 as in {@code
 *     andante.prefill.kv-coding}. What comes from prefill is as that offers it
 */
@Validated
@ConfigurationProperties(prefix = "andante.decode", ignoreUnknownFields = false)
public record DecodeProperties(
    @DefaultValue("") String draftAddress,
    @DefaultValue List<String> expertAddresses,
    @DefaultValue("5s") @Between(min = "1ms", max = "10m") Duration expertDeadline,
    @DefaultValue("4096") @Min(1) int maxBufferedTokens,
    @DefaultValue("") String kvAddress,
    @DefaultValue("on") boolean kvLink,
    @DefaultValue("0") @Min(0) @Max(65535) int kvLinkPort,
    @DefaultValue("0") @Min(0) @Max(65535) int kvLinkAdvertisedPort,
    @DefaultValue("on") boolean handOver,
    @DefaultValue("as-is") KvCoding kvCoding) {}
