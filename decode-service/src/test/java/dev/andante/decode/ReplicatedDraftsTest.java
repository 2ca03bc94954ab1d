package dev.andante.decode;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.DraftSource.Draft;
import dev.andante.protocol.v1.DraftGrpc;
import dev.andante.protocol.v1.DraftReply;
import dev.andante.protocol.v1.DraftRequest;
import dev.andante.protocol.v1.Proposal;
import dev.andante.protocol.v1.SequenceUpdate;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ReplicatedDraftsTest {

  private static final String[] REPLICAS = {"10.0.0.1:9090", "10.0.0.2:9090"};

  private final String prefix = InProcessServerBuilder.generateName();
  private final Map<String, Set<String>> served = new ConcurrentHashMap<>();
  private final Map<String, Server> servers = new ConcurrentHashMap<>();
  private final Map<String, GrpcDraftSource> sources = new ConcurrentHashMap<>();
  private ReplicatedDrafts drafts;

  /** Proposes 7 for whatever it is asked. */
  private static final class Seven extends DraftGrpc.DraftImplBase {
    private final Set<String> sequences;

    Seven(Set<String> sequences) {
      this.sequences = sequences;
    }

    @Override
    public StreamObserver<DraftRequest> propose(StreamObserver<DraftReply> replies) {
      return new StreamObserver<>() {
        @Override
        public void onNext(DraftRequest request) {
          DraftReply.Builder reply = DraftReply.newBuilder().setRound(request.getRound());
          for (SequenceUpdate update : request.getUpdatesList()) {
            sequences.add(update.getSequence());
            reply.addProposals(
                Proposal.newBuilder()
                    .setSequence(update.getSequence())
                    .setPosition(update.getOffset() + update.getTokensCount())
                    .addTokens(7));
          }
          replies.onNext(reply.build());
        }

        @Override
        public void onError(Throwable t) {}

        @Override
        public void onCompleted() {}
      };
    }
  }

  @BeforeEach
  void start() throws IOException {
    for (String replica : REPLICAS) {
      served.put(replica, ConcurrentHashMap.newKeySet());
      servers.put(
          replica,
          InProcessServerBuilder.forName(prefix + replica)
              .addService(new Seven(served.get(replica)))
              .build()
              .start());
    }
    drafts =
        new ReplicatedDrafts(
            List.of("dns:///drafts:9090"),
            host ->
                new InetAddress[] {
                  InetAddress.ofLiteral("10.0.0.1"), InetAddress.ofLiteral("10.0.0.2")
                },
            endpoint -> {
              GrpcDraftSource source =
                  new GrpcDraftSource(
                          InProcessChannelBuilder.forName(prefix + endpoint).build(),
                          Duration.ofSeconds(5),
                          nanos -> {})
                      .start();
              sources.put(endpoint, source);
              return source;
            });
    Await.until(() -> sources.size() == 2, () -> "replicas: " + sources.keySet());
  }

  @AfterEach
  void stop() {
    drafts.close();
    servers.values().forEach(Server::shutdownNow);
  }

  @Test
  void sequencesAreSpreadAndStayWhereTheyAre() {
    for (int round = 0; round < 3; round++) {
      Set<String> waiting = new HashSet<>();
      for (String sequence : List.of("a", "b", "c", "d")) {
        drafts.append(sequence, round, new int[] {round}, 1);
        waiting.add(sequence);
      }
      awaitDrafts(waiting);
    }
    assertThat(served.get(REPLICAS[0])).hasSize(2);
    assertThat(served.get(REPLICAS[1])).hasSize(2);
    for (String sequence : List.of("a", "b", "c", "d")) {
      drafts.end(sequence);
    }
  }

  @Test
  void newSequencesGoWhereSomebodyAnswers() {
    drafts.append("a", 0, new int[] {1}, 1);
    drafts.append("b", 0, new int[] {1}, 1);
    awaitDrafts(new HashSet<>(Set.of("a", "b")));
    servers.get(REPLICAS[0]).shutdownNow();
    Await.until(() -> !sources.get(REPLICAS[0]).usable(), () -> "still usable");
    for (String sequence : List.of("c", "d", "e")) {
      drafts.append(sequence, 0, new int[] {1}, 1);
    }
    awaitDrafts(new HashSet<>(Set.of("c", "d", "e")));
    assertThat(served.get(REPLICAS[1])).contains("c", "d", "e");
  }

  private void awaitDrafts(Set<String> waiting) {
    Await.until(
        () -> {
          for (Draft draft : drafts.propose(TimeUnit.MILLISECONDS.toNanos(10))) {
            assertThat(draft.tokens()).containsExactly(7);
            waiting.remove(draft.sequence());
          }
          return waiting.isEmpty();
        },
        () -> "no drafts for " + waiting);
  }
}
