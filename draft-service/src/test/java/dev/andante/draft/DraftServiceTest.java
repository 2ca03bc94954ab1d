package dev.andante.draft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.protocol.v1.DraftGrpc;
import dev.andante.protocol.v1.DraftReply;
import dev.andante.protocol.v1.DraftRequest;
import dev.andante.protocol.v1.SequenceUpdate;
import dev.andante.service.ServiceLauncher;
import dev.andante.service.grpc.Failures;
import dev.andante.service.grpc.GrpcChannels;
import dev.andante.service.grpc.GrpcServer;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.context.ConfigurableApplicationContext;

/** The role as a process has it: real server, real channel. */
@Tag("slow")
class DraftServiceTest {

  private static ConfigurableApplicationContext service;
  private static GrpcChannels channels;
  private static DraftGrpc.DraftStub stub;

  @BeforeAll
  static void start() {
    service =
        ServiceLauncher.of(DraftApplication.class, "draft")
            .run("--server.port=0", "--andante.grpc.port=0");
    channels = service.getBean(GrpcChannels.class);
    stub =
        DraftGrpc.newStub(
            channels.channel("127.0.0.1:" + service.getBean(GrpcServer.class).port()));
  }

  @AfterAll
  static void stop() {
    service.close();
  }

  @Test
  void proposesWhatFollowedTheSameTokensBefore() throws InterruptedException {
    Replies replies = new Replies();
    StreamObserver<DraftRequest> requests = stub.propose(replies);
    requests.onNext(request(1, update("s", 0, 4, 7, 8, 9, 10, 1, 7, 8)));
    DraftReply first = replies.next();
    assertThat(first.getRound()).isEqualTo(1);
    assertThat(first.getProposalsList()).hasSize(1);
    assertThat(first.getProposals(0).getPosition()).isEqualTo(7);
    assertThat(first.getProposals(0).getTokensList()).startsWith(9, 10, 1);

    requests.onNext(request(2, update("s", 7, 4, 9)));
    assertThat(replies.next().getProposals(0).getTokensList()).startsWith(10, 1);
    requests.onCompleted();
    assertThat(replies.done.poll(5, TimeUnit.SECONDS)).isEqualTo("completed");
  }

  @Test
  void saysWhichContextsItLost() throws InterruptedException {
    Replies replies = new Replies();
    StreamObserver<DraftRequest> requests = stub.propose(replies);
    requests.onNext(request(1, update("s", 5, 4, 1)));
    assertThat(replies.next().getUnknownList()).containsExactly("s");
    requests.onNext(request(2, update("s", 0, 0, 1, 2, 1)).toBuilder().addEnded("other").build());
    DraftReply quiet = replies.next();
    assertThat(quiet.getUnknownList()).isEmpty();
    assertThat(quiet.getProposalsList()).as("none was asked for").isEmpty();
    requests.onCompleted();
  }

  @Test
  void aBadMessageEndsItsStreamOnly() throws InterruptedException {
    Replies bad = new Replies();
    StreamObserver<DraftRequest> badRequests = stub.propose(bad);
    badRequests.onNext(request(1, update("s", -1, 4, 1)));
    assertThat(bad.done.poll(5, TimeUnit.SECONDS)).isEqualTo("invalid_request");

    Replies good = new Replies();
    StreamObserver<DraftRequest> goodRequests = stub.propose(good);
    goodRequests.onNext(request(1, update("s", 0, 4, 1, 2, 1)));
    assertThat(good.next().getProposalsList()).hasSize(1);
    goodRequests.onCompleted();
  }

  private static DraftRequest request(long round, SequenceUpdate update) {
    return DraftRequest.newBuilder().setRound(round).addUpdates(update).build();
  }

  private static SequenceUpdate update(String sequence, int offset, int max, Integer... tokens) {
    return SequenceUpdate.newBuilder()
        .setSequence(sequence)
        .setOffset(offset)
        .setMaxTokens(max)
        .addAllTokens(List.of(tokens))
        .build();
  }

  private static final class Replies implements StreamObserver<DraftReply> {
    private final BlockingQueue<DraftReply> received = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> done = new LinkedBlockingQueue<>();

    DraftReply next() throws InterruptedException {
      DraftReply reply = received.poll(5, TimeUnit.SECONDS);
      assertThat(reply).as("a reply within 5 s").isNotNull();
      return reply;
    }

    @Override
    public void onNext(DraftReply reply) {
      received.add(reply);
    }

    @Override
    public void onError(Throwable t) {
      done.add(Failures.from(t).getCode());
    }

    @Override
    public void onCompleted() {
      done.add("completed");
    }
  }
}
