package dev.andante.gateway.pipeline;

import dev.andante.protocol.v1.Attempt;
import dev.andante.protocol.v1.DecodeRequest;
import dev.andante.protocol.v1.ForkedPrompt;
import dev.andante.protocol.v1.KvMoved;
import dev.andante.protocol.v1.LocalPrompt;
import dev.andante.protocol.v1.PrefillReply;
import dev.andante.protocol.v1.PrefillRequest;
import dev.andante.protocol.v1.Speculation;
import dev.andante.protocol.v1.TransferredPrompt;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/** What workers are asked for one answer; {@code generated} is what there is of it by then. */
final class MeshRequests {

  private final AnswerPlan plan;
  private final AtomicInteger hedges = new AtomicInteger();
  private volatile String requestId;

  MeshRequests(AnswerPlan plan) {
    this.plan = plan;
    this.requestId = plan.id();
  }

  /** The answer goes on as that one: later attempts overtake it, and it alone. */
  void goOnAs(Attempt attempt) {
    requestId = attempt.getRequestId();
  }

  private Attempt attempt(int epoch) {
    return Attempt.newBuilder().setRequestId(requestId).setEpoch(epoch).build();
  }

  /**
   * The same, of another worker, for a race with it; it does not wait for blocks. Its id has the
   * same request and trace for who reads them from it.
   */
  PrefillRequest hedge(PrefillRequest request) {
    return request.toBuilder()
        .setAttempt(
            request.getAttempt().toBuilder()
                .setRequestId(plan.id() + "+" + hedges.incrementAndGet()))
        .setPatienceMillis(0)
        .setReader(plan.asker().at(System.nanoTime()))
        .build();
  }

  /**
   * @param patience how long decode may take to find blocks
   */
  PrefillRequest prefill(int epoch, List<Integer> generated, String kvTarget, Duration patience) {
    return PrefillRequest.newBuilder()
        .setAttempt(attempt(epoch))
        .addAllTokens(tokens(generated))
        .setGenerated(generated.size())
        .setSampling(plan.sampling())
        .setStop(plan.stop())
        .setKvTarget(kvTarget)
        .setPatienceMillis(patience.toMillis())
        .setPriority(plan.priority().urgency())
        .setReader(plan.asker().at(System.nanoTime()))
        .build();
  }

  DecodeRequest afterPrefill(int epoch, PrefillReply reply) {
    return decode(epoch)
        .setTransferred(
            TransferredPrompt.newBuilder()
                .setKvHandle(reply.getKvHandle())
                .setFirstToken(reply.getFirstToken().getId()))
        .build();
  }

  /** To go the way of another answer to the same prompt. */
  DecodeRequest forked(int epoch, Attempt of) {
    return decode(epoch)
        .setForked(ForkedPrompt.newBuilder().setOf(of).setTokens(plan.prompt().length))
        .build();
  }

  DecodeRequest local(int epoch, List<Integer> generated) {
    return decode(epoch)
        .setLocal(
            LocalPrompt.newBuilder().addAllTokens(tokens(generated)).setGenerated(generated.size()))
        .build();
  }

  /** Whether a worker that has that KV can go on with the answer. */
  boolean fits(KvMoved moved, List<Integer> generated) {
    int known = moved.getTokens() - plan.prompt().length;
    return known >= 0 && known < generated.size();
  }

  /** Of the worker that has the KV; it {@link #fits}. */
  DecodeRequest afterMove(KvMoved moved, List<Integer> generated) {
    int known = moved.getTokens() - plan.prompt().length; // of the answer, whose KV is there
    return decode(moved.getEpoch())
        .setTransferred(
            TransferredPrompt.newBuilder()
                .setKvHandle(moved.getKvHandle())
                .setFirstToken(generated.get(known))
                .addAllFollowing(generated.subList(known + 1, generated.size())))
        .build();
  }

  private DecodeRequest.Builder decode(int epoch) {
    DecodeRequest.Builder request =
        DecodeRequest.newBuilder()
            .setAttempt(attempt(epoch))
            .setSampling(plan.sampling())
            .setStop(plan.stop())
            .setPriority(plan.priority().urgency())
            .setReader(plan.asker().at(System.nanoTime()));
    if (!plan.speculation()) {
      request.setSpeculation(Speculation.newBuilder().setOff(true));
    }
    return request;
  }

  private List<Integer> tokens(List<Integer> generated) {
    return IntStream.concat(
            Arrays.stream(plan.prompt()), generated.stream().mapToInt(Integer::intValue))
        .boxed()
        .toList();
  }
}
