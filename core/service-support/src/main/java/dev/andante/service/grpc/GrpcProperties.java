package dev.andante.service.grpc;

import dev.andante.service.config.Between;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * The gRPC server of a worker and the channels of its clients.
 *
 * @param address interface to bind; 0.0.0.0 in a container
 * @param port 0 = any free port
 * @param maxMessageSize largest message accepted, 1KB to 2047MB; a tokenizer travels in one message
 * @param keepAlive idle time after which a peer is probed, so that a dead one is noticed; who calls
 *     probes after 10s at the soonest, whatever is said here, since gRPC-Java has it so; 10ms to 1h
 * @param keepAliveTimeout how long a probe may go unanswered; 10ms to 1h
 * @param reconnectInterval how often at least a peer that is gone is tried again, so that one that
 *     restarts serves soon; 10ms to 1h
 */
@Validated
@ConfigurationProperties(prefix = "andante.grpc", ignoreUnknownFields = false)
public record GrpcProperties(
    @DefaultValue("127.0.0.1") @NotBlank String address,
    @DefaultValue("0") @Min(0) @Max(65535) int port,
    @DefaultValue("64MB") @Between(min = "1KB", max = "2047MB") DataSize maxMessageSize,
    @DefaultValue("10s") @Between(min = "10ms", max = "1h") Duration keepAlive,
    @DefaultValue("5s") @Between(min = "10ms", max = "1h") Duration keepAliveTimeout,
    @DefaultValue("1s") @Between(min = "10ms", max = "1h") Duration reconnectInterval) {}
