package dev.andante.host.experts;

import dev.andante.model.experts.ExpertShard;
import dev.andante.model.experts.ExpertTransport;
import dev.andante.service.grpc.Endpoints;
import io.grpc.ManagedChannel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** Expert services, one long-lived stream to each of the processes behind their addresses. */
public final class GrpcExpertTransport implements ExpertTransport {

  private final Function<String, ? extends ManagedChannel> channels;
  private final List<String> addresses;
  private final String fingerprint;
  private final int hiddenSize;
  private final Endpoints endpoints;

  /** Replaced as a whole by the thread that watches the endpoints. */
  private volatile Map<String, ExpertLink> links = Map.of();

  /**
   * Starts connecting in the background.
   *
   * @param channels opens them; closed here
   * @param addresses {@code host:port}, or {@code dns:///host:port} for several replicas
   * @param fingerprint of the model; a service with another one is not used
   * @param lookup finds the processes behind names
   */
  public GrpcExpertTransport(
      Function<String, ? extends ManagedChannel> channels,
      List<String> addresses,
      String fingerprint,
      int hiddenSize,
      Endpoints.Lookup lookup) {
    this.channels = channels;
    this.addresses = List.copyOf(addresses);
    this.fingerprint = fingerprint;
    this.hiddenSize = hiddenSize;
    this.endpoints = new Endpoints(addresses, lookup, Endpoints.INTERVAL, this::connect);
  }

  private void connect(SequencedSet<String> found) {
    Map<String, ExpertLink> before = links;
    Map<String, ExpertLink> now = new LinkedHashMap<>();
    for (String endpoint : found) {
      ExpertLink known = before.get(endpoint);
      now.put(endpoint, known == null ? open(endpoint) : known);
    }
    links = now;
    before.forEach(
        (endpoint, link) -> {
          if (!now.containsKey(endpoint)) {
            link.close();
          }
        });
  }

  private ExpertLink open(String endpoint) {
    ExpertLink link = new ExpertLink(endpoint, channels.apply(endpoint), fingerprint, hiddenSize);
    link.start();
    return link;
  }

  @Override
  public List<ExpertShard> shards() {
    return links.values().stream().map(ExpertLink::shard).flatMap(Optional::stream).toList();
  }

  /** Why services cannot be used, one line each; for an operator. */
  List<String> problems() {
    Map<String, ExpertLink> current = links;
    if (current.isEmpty()) {
      return List.of("no addresses behind " + addresses);
    }
    List<String> problems = new ArrayList<>();
    current
        .values()
        .forEach(
            link -> {
              if (link.shard().isEmpty()) {
                problems.add(link.problem());
              }
            });
    return problems;
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
    endpoints.close();
    links.values().forEach(ExpertLink::close);
  }
}
