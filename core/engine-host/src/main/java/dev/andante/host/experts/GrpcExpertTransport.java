package dev.andante.host.experts;

import dev.andante.model.experts.ExpertShard;
import dev.andante.model.experts.ExpertTransport;
import io.grpc.Channel;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** Expert services at fixed addresses, one long-lived stream to each. */
public final class GrpcExpertTransport implements ExpertTransport {

  private final Map<String, ExpertLink> links = new LinkedHashMap<>();

  /**
   * Starts connecting in the background.
   *
   * @param channels theirs to keep and close
   * @param addresses {@code host:port}, in order of preference
   * @param fingerprint of the model; a service with another one is not used
   */
  public GrpcExpertTransport(
      Function<String, ? extends Channel> channels,
      List<String> addresses,
      String fingerprint,
      int hiddenSize) {
    for (String address : addresses) {
      ExpertLink link = new ExpertLink(address, channels.apply(address), fingerprint, hiddenSize);
      links.put(address, link);
    }
    links.values().forEach(ExpertLink::start);
  }

  @Override
  public List<ExpertShard> shards() {
    return links.values().stream().map(ExpertLink::shard).flatMap(Optional::stream).toList();
  }

  /** Why services cannot be used, one line each; for an operator. */
  List<String> problems() {
    return links.values().stream()
        .filter(link -> link.shard().isEmpty())
        .map(ExpertLink::problem)
        .toList();
  }

  @Override
  public CompletableFuture<float[]> send(
      ExpertShard shard, int layer, int[] experts, int[] rowsPerExpert, float[] activations) {
    ExpertLink link = links.get(shard.name());
    if (link == null) {
      return CompletableFuture.failedFuture(
          new ExpertLinkException("no expert service " + shard.name()));
    }
    return link.send(layer, experts, rowsPerExpert, activations);
  }

  @Override
  public void close() {
    links.values().forEach(ExpertLink::close);
  }
}
