package dev.andante.prefill;

import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.PrefillJob;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.StopMatcher;
import dev.andante.host.engine.EngineHost;
import dev.andante.host.engine.RunningEngine;
import dev.andante.host.grpc.Requests;
import dev.andante.host.grpc.StopStrings;
import dev.andante.kvtransfer.HandOffTime;
import dev.andante.kvtransfer.KvSender;
import dev.andante.kvtransfer.grpc.EngineFailures;
import dev.andante.protocol.v1.PrefillGrpc;
import dev.andante.protocol.v1.PrefillReply;
import dev.andante.protocol.v1.PrefillRequest;
import dev.andante.service.grpc.Deadlines;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Function;

/** Translates requests and starts a {@link PrefillCall} for each. */
public final class PrefillService extends PrefillGrpc.PrefillImplBase {

  private final EngineHost host;
  private final Function<RunningEngine, KvSender> senders;
  private final Duration transferTimeout;
  private final HandOffTime handOffs;
  private final Parking parking;

  /**
   * @param transferTimeout longest transfer where the call's deadline does not end it earlier
   * @param handOffs told of each
   * @param parking for KV that decode has no room for yet
   */
  public PrefillService(
      EngineHost host,
      Function<RunningEngine, KvSender> senders,
      Duration transferTimeout,
      HandOffTime handOffs,
      Parking parking) {
    this.host = host;
    this.senders = senders;
    this.transferTimeout = transferTimeout;
    this.handOffs = handOffs;
    this.parking = parking;
  }

  @Override
  public void prefill(PrefillRequest request, StreamObserver<PrefillReply> responses) {
    try {
      RunningEngine running = host.require();
      Attempt attempt = Requests.attempt(request.getAttempt());
      PromptTokens prompt = Requests.prompt(request.getTokensList(), request.getGenerated());
      PrefillJob job =
          new PrefillJob(
              attempt,
              prompt,
              Requests.sampling(request.getSampling()),
              Requests.stop(request.getStop()),
              Deadlines.left(Engine.NO_LIMIT),
              request.getPriority(),
              Requests.reader(request.getReader()));
      StopMatcher stops =
          StopStrings.matcher(
              running.model(), request.getStop().getStopList(), generatedOf(prompt));
      String target = Requests.kvTarget(request.getKvTarget());
      PrefillCall call =
          new PrefillCall(
              running.engine(),
              job,
              stops,
              handOffs,
              parking,
              (ServerCallStreamObserver<PrefillReply>) responses);
      call.start(
          () ->
              senders
                  .apply(running)
                  .open(
                      target,
                      attempt,
                      prompt,
                      Deadlines.left(transferTimeout),
                      Duration.ofMillis(Math.max(0, request.getPatienceMillis()))));
    } catch (RuntimeException e) {
      responses.onError(EngineFailures.toStatus(e));
    }
  }

  private static int[] generatedOf(PromptTokens prompt) {
    int[] ids = prompt.ids();
    return Arrays.copyOfRange(ids, ids.length - prompt.generated(), ids.length);
  }
}
