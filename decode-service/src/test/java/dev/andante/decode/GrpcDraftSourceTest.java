package dev.andante.decode;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.DraftSource.Draft;
import dev.andante.protocol.v1.DraftGrpc;
import dev.andante.protocol.v1.DraftReply;
import dev.andante.protocol.v1.DraftRequest;
import dev.andante.protocol.v1.Proposal;
import dev.andante.protocol.v1.SequenceUpdate;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
class GrpcDraftSourceTest {

  private static final long LONG = TimeUnit.SECONDS.toNanos(20);

  private final String name = InProcessServerBuilder.generateName();
  private final Echo service = new Echo();
  private final List<Long> roundTrips = new CopyOnWriteArrayList<>();
  private Server server;
  private ManagedChannel channel;
  private GrpcDraftSource source;

  /** Proposes the last token again, as often as asked. */
  private static final class Echo extends DraftGrpc.DraftImplBase {
    private final List<DraftRequest> requests = new CopyOnWriteArrayList<>();
    private volatile boolean silent;
    private volatile boolean forgetful;

    @Override
    public StreamObserver<DraftRequest> propose(StreamObserver<DraftReply> replies) {
      Map<String, List<Integer>> known = new HashMap<>();
      return new StreamObserver<>() {
        @Override
        public void onNext(DraftRequest request) {
          requests.add(request);
          if (!silent) {
            replies.onNext(answer(request, known));
          }
        }

        @Override
        public void onError(Throwable t) {}

        @Override
        public void onCompleted() {}
      };
    }

    private DraftReply answer(DraftRequest request, Map<String, List<Integer>> known) {
      DraftReply.Builder reply = DraftReply.newBuilder().setRound(request.getRound());
      for (SequenceUpdate update : request.getUpdatesList()) {
        List<Integer> tokens = known.computeIfAbsent(update.getSequence(), _ -> new ArrayList<>());
        if (forgetful || tokens.size() != update.getOffset()) {
          forgetful = false;
          known.remove(update.getSequence());
          reply.addUnknown(update.getSequence());
          continue;
        }
        tokens.addAll(update.getTokensList());
        Proposal.Builder proposal =
            Proposal.newBuilder().setSequence(update.getSequence()).setPosition(tokens.size());
        for (int i = 0; i < update.getMaxTokens(); i++) {
          proposal.addTokens(tokens.getLast());
        }
        reply.addProposals(proposal);
      }
      return reply.build();
    }
  }

  @BeforeEach
  void start() throws IOException {
    server = serve();
    channel = InProcessChannelBuilder.forName(name).build();
    source = new GrpcDraftSource(channel, Duration.ofMillis(300), roundTrips::add).start();
  }

  @AfterEach
  void stop() {
    source.close();
    channel.shutdownNow();
    server.shutdownNow();
  }

  @Test
  void proposesForWhatWasAppended() {
    source.append("a", 0, new int[] {1, 2, 3}, 2);
    assertDraft(awaitDraft(), "a", 3, 3, 3);
    source.append("a", 3, new int[] {4}, 3);
    assertDraft(awaitDraft(), "a", 4, 4, 4, 4);
    assertThat(service.requests.getLast().getUpdates(0).getOffset())
        .as("only what is new is sent")
        .isEqualTo(3);
    assertThat(roundTrips).hasSize(2).allMatch(nanos -> nanos > 0);
  }

  @Test
  void aSequenceThatTheServiceLostIsSentAgain() {
    source.append("a", 0, new int[] {1, 2, 3}, 1);
    awaitDraft();
    service.forgetful = true;
    source.append("a", 3, new int[] {4}, 1);
    assertDraft(awaitDraft(), "a", 4, 4);
    assertThat(service.requests.getLast().getUpdates(0).getOffset()).isZero();
    assertThat(service.requests.getLast().getUpdates(0).getTokensList())
        .containsExactly(1, 2, 3, 4);
  }

  @Test
  void aServiceThatComesBackIsToldEverything() throws IOException {
    source.append("a", 0, new int[] {1, 2, 3}, 1);
    awaitDraft();
    server.shutdownNow();
    source.append("a", 3, new int[] {4}, 1);
    assertThat(source.propose(0)).isEmpty();
    server = serve();
    assertDraft(awaitDraft(), "a", 4, 4);
  }

  @Test
  void aSilentServiceIsGivenUpAndTriedAgain() {
    service.silent = true;
    source.append("a", 0, new int[] {1, 2, 3}, 1);
    Await.until(() -> !service.requests.isEmpty(), () -> "nothing was sent");
    assertThat(source.propose(1_000_000)).isEmpty();
    service.silent = false;
    assertDraft(awaitDraft(), "a", 3, 3);
  }

  @Test
  void withoutAServiceNothingIsProposed() {
    server.shutdownNow();
    source.append("a", 0, new int[] {1}, 1);
    Await.until(() -> source.propose(1_000).isEmpty(), () -> "a draft from nowhere");
    source.end("a");
  }

  @Test
  void endedSequencesAreTold() {
    source.append("a", 0, new int[] {1}, 1);
    awaitDraft();
    source.end("a");
    Await.until(() -> service.requests.getLast().getEndedList().contains("a"), () -> "not told");
  }

  @Test
  void aDraftForAnOlderStateIsDropped() {
    DraftContexts contexts = new DraftContexts();
    contexts.append("a", 0, new int[] {1, 2}, 4);
    var _ = contexts.message(1);
    contexts.append("a", 2, new int[] {3}, 4);
    contexts.proposed(Proposal.newBuilder().setSequence("a").setPosition(2).addTokens(9).build());
    assertThat(contexts.takeDrafts()).isEmpty();
    contexts.proposed(Proposal.newBuilder().setSequence("a").setPosition(3).addTokens(9).build());
    assertThat(contexts.takeDrafts()).hasSize(1);
    assertThat(contexts.takeDrafts()).as("taken once").isEmpty();
  }

  @Test
  void appendingFurtherBackReplaces() {
    DraftContexts contexts = new DraftContexts();
    contexts.append("a", 0, new int[] {1, 2, 3}, 1);
    var _ = contexts.message(1);
    contexts.append("a", 1, new int[] {7}, 1);
    SequenceUpdate update = contexts.message(2).getUpdates(0);
    assertThat(update.getOffset()).isEqualTo(1);
    assertThat(update.getTokensList()).containsExactly(7);
    contexts.append("a", 9, new int[] {1}, 1);
    assertThat(contexts.wantsToSpeak()).as("a hole is ignored").isFalse();
  }

  private Server serve() throws IOException {
    return InProcessServerBuilder.forName(name).addService(service).build().start();
  }

  private Draft awaitDraft() {
    List<Draft> drafts = new ArrayList<>();
    Await.until(
        () -> {
          drafts.addAll(source.propose(LONG / 1000));
          return !drafts.isEmpty();
        },
        () -> "no draft; sent " + service.requests);
    return drafts.getLast();
  }

  private static void assertDraft(Draft draft, String sequence, int position, int... tokens) {
    assertThat(draft.sequence()).isEqualTo(sequence);
    assertThat(draft.position()).isEqualTo(position);
    assertThat(draft.tokens()).containsExactly(tokens);
  }
}
