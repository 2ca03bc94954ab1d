package dev.andante.host.experts;

import dev.andante.compute.Backend;
import dev.andante.model.ExpertExecutor;
import dev.andante.model.ExpertExecutorFactory;
import dev.andante.model.ModelConfig;
import dev.andante.model.MoeConfig;
import dev.andante.model.experts.RemoteExperts;
import dev.andante.service.grpc.Endpoints;
import dev.andante.service.state.ReadinessCheck;
import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Has the experts of a mixture-of-experts model run in expert services. The worker is not ready
 * while an expert is out of reach.
 */
public final class RemoteExpertsFactory implements ExpertExecutorFactory, ReadinessCheck {

  private final Function<String, ? extends ManagedChannel> channels;
  private final Supplier<List<String>> addresses;
  private final Duration deadline;
  private final LongConsumer dispatchNanos;
  private volatile @Nullable Needed needed;

  private record Needed(GrpcExpertTransport transport, int experts) {}

  /**
   * @param channels opens them; closed here
   * @param dispatchNanos told how long the experts of each layer took
   * @param addresses asked when a model with experts is loaded, by the thread that loads it; may
   *     wait
   */
  public RemoteExpertsFactory(
      Function<String, ? extends ManagedChannel> channels,
      Supplier<List<String>> addresses,
      Duration deadline,
      LongConsumer dispatchNanos) {
    this.channels = channels;
    this.addresses = addresses;
    this.deadline = deadline;
    this.dispatchNanos = dispatchNanos;
  }

  @Override
  public ExpertExecutor create(ModelConfig config, String fingerprint, Backend backend) {
    MoeConfig moe = config.moe();
    if (moe == null) {
      throw new IllegalArgumentException(config.architecture() + " has no experts");
    }
    GrpcExpertTransport transport =
        new GrpcExpertTransport(
            channels, addresses.get(), fingerprint, config.hiddenSize(), Endpoints.Lookup.SYSTEM);
    needed = new Needed(transport, moe.experts());
    return new RemoteExperts(
        backend, transport, moe.experts(), config.hiddenSize(), deadline, dispatchNanos);
  }

  @Override
  public Optional<String> notReadyReason() {
    Needed current = needed;
    if (current == null) {
      return Optional.empty(); // a dense model, or one that is not loaded yet
    }
    Set<Integer> held = new HashSet<>();
    current.transport().shards().forEach(shard -> held.addAll(shard.experts()));
    return held.size() >= current.experts()
        ? Optional.empty()
        : Optional.of(
            held.size()
                + " of "
                + current.experts()
                + " experts can be reached; "
                + current.transport().problems());
  }
}
