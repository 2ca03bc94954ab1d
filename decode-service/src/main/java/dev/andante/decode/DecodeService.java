package dev.andante.decode;

import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.ForkRequest;
import dev.andante.engine.GenerationRequest;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.Reader;
import dev.andante.engine.SamplingParams;
import dev.andante.engine.StopMatcher;
import dev.andante.engine.StopParams;
import dev.andante.engine.TransferredRequest;
import dev.andante.host.engine.EngineHost;
import dev.andante.host.engine.RunningEngine;
import dev.andante.host.grpc.Requests;
import dev.andante.host.grpc.StopStrings;
import dev.andante.kvtransfer.grpc.EngineFailures;
import dev.andante.protocol.v1.DecodeGrpc;
import dev.andante.protocol.v1.DecodeRequest;
import dev.andante.protocol.v1.ForkedPrompt;
import dev.andante.protocol.v1.HandOverReply;
import dev.andante.protocol.v1.HandOverRequest;
import dev.andante.protocol.v1.LocalPrompt;
import dev.andante.protocol.v1.ReleaseReply;
import dev.andante.protocol.v1.ReleaseRequest;
import dev.andante.protocol.v1.TokenChunk;
import dev.andante.protocol.v1.TransferredPrompt;
import dev.andante.service.grpc.Deadlines;
import dev.andante.service.grpc.Failures;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.function.LongConsumer;

/** Translates requests and starts a {@link TokenStream} for each. */
public final class DecodeService extends DecodeGrpc.DecodeImplBase {

  private final EngineHost host;
  private final Executor writers;
  private final int maxBufferedTokens;
  private final LongConsumer interTokenNanos;
  private final HandOvers handOvers;

  /**
   * @param writers write tokens to streams; their tasks never block
   * @param maxBufferedTokens kept for a reader that does not read
   * @param interTokenNanos told the time between deliveries of one request
   * @param handOvers told of all answers
   */
  DecodeService(
      EngineHost host,
      Executor writers,
      int maxBufferedTokens,
      LongConsumer interTokenNanos,
      HandOvers handOvers) {
    this.host = host;
    this.writers = writers;
    this.maxBufferedTokens = maxBufferedTokens;
    this.interTokenNanos = interTokenNanos;
    this.handOvers = handOvers;
  }

  @Override
  public void decode(DecodeRequest request, StreamObserver<TokenChunk> responses) {
    try {
      RunningEngine running = host.require();
      try {
        start(running, request, (ServerCallStreamObserver<TokenChunk>) responses);
      } catch (RuntimeException e) {
        if (request.hasTransferred()) { // its KV will not be used by this attempt
          var _ = running.engine().release(request.getTransferred().getKvHandle());
        }
        throw e;
      }
    } catch (RuntimeException e) {
      responses.onError(EngineFailures.toStatus(e));
    }
  }

  @Override
  public void release(ReleaseRequest request, StreamObserver<ReleaseReply> responses) {
    RunningEngine running;
    try {
      running = host.require();
    } catch (RuntimeException e) {
      responses.onError(EngineFailures.toStatus(e));
      return;
    }
    var _ =
        running
            .engine()
            .release(request.getKvHandle())
            .whenComplete(
                (released, error) -> {
                  if (error != null) {
                    responses.onError(EngineFailures.toStatus(error));
                  } else {
                    responses.onNext(ReleaseReply.newBuilder().setReleased(released).build());
                    responses.onCompleted();
                  }
                });
  }

  @Override
  public void handOver(HandOverRequest request, StreamObserver<HandOverReply> responses) {
    try {
      handOvers.handOver(host.require(), request);
    } catch (RuntimeException e) {
      responses.onError(EngineFailures.toStatus(e));
      return;
    }
    responses.onNext(HandOverReply.getDefaultInstance());
    responses.onCompleted();
  }

  private void start(
      RunningEngine running,
      DecodeRequest request,
      ServerCallStreamObserver<TokenChunk> responses) {
    Attempt attempt = Requests.attempt(request.getAttempt());
    SamplingParams sampling = Requests.sampling(request.getSampling());
    StopParams stop = Requests.stop(request.getStop());
    boolean speculate = !request.getSpeculation().getOff();
    Reader reader = Requests.reader(request.getReader());
    Duration left = Deadlines.left(Engine.NO_LIMIT);
    Engine engine = running.engine();
    TokenStream stream =
        new TokenStream(
            attempt,
            responses,
            writers,
            maxBufferedTokens,
            () -> engine.abort(attempt),
            interTokenNanos);
    switch (request.getStartCase()) {
      case TRANSFERRED -> {
        TransferredRequest transferred =
            new TransferredRequest(
                attempt,
                requireHandle(request.getTransferred()),
                request.getTransferred().getFirstToken(),
                request.getTransferred().getFollowingList(),
                sampling,
                stop,
                matcher(running, request),
                speculate,
                left,
                request.getPriority(),
                reader);
        start(attempt, stream, () -> engine.decode(transferred, stream));
      }
      case LOCAL -> {
        LocalPrompt local = request.getLocal();
        PromptTokens prompt = Requests.prompt(local.getTokensList(), local.getGenerated());
        GenerationRequest generation =
            new GenerationRequest(
                attempt,
                prompt,
                sampling,
                stop,
                matcher(running, request),
                speculate,
                left,
                request.getPriority(),
                reader);
        start(attempt, stream, () -> engine.generate(generation, stream));
      }
      case FORKED -> {
        ForkedPrompt forked = request.getForked();
        if (forked.getTokens() < 1) {
          throw Failures.invalid(
              "tokens", "forked.tokens must be at least 1, not " + forked.getTokens());
        }
        ForkRequest fork =
            new ForkRequest(
                attempt,
                Requests.attempt(forked.getOf()),
                forked.getTokens(),
                sampling,
                stop,
                matcher(running, request),
                speculate,
                left,
                request.getPriority(),
                reader);
        start(attempt, stream, () -> engine.fork(fork, stream));
      }
      case START_NOT_SET ->
          throw Failures.invalid("start", "one of transferred, local and forked must be set");
    }
  }

  private void start(Attempt attempt, TokenStream stream, Runnable submit) {
    handOvers.add(attempt, stream);
    stream.start(submit);
  }

  private static String requireHandle(TransferredPrompt transferred) {
    if (transferred.getKvHandle().isEmpty()) {
      throw Failures.invalid("kv_handle", "transferred.kv_handle must not be empty");
    }
    return transferred.getKvHandle();
  }

  /** Without the tokens that the answer begins with: the engine shows them to it. */
  private static StopMatcher matcher(RunningEngine running, DecodeRequest request) {
    return StopStrings.matcher(running.model(), request.getStop().getStopList());
  }
}
