package dev.andante.gateway;

import dev.andante.protocol.v1.DecodeGrpc;
import dev.andante.protocol.v1.DecodeRequest;
import dev.andante.protocol.v1.FinishReason;
import dev.andante.protocol.v1.GenerationStats;
import dev.andante.protocol.v1.GetModelInfoRequest;
import dev.andante.protocol.v1.GetStatusRequest;
import dev.andante.protocol.v1.HandOverReply;
import dev.andante.protocol.v1.HandOverRequest;
import dev.andante.protocol.v1.KvChanges;
import dev.andante.protocol.v1.ModelInfo;
import dev.andante.protocol.v1.PrefillGrpc;
import dev.andante.protocol.v1.PrefillReply;
import dev.andante.protocol.v1.PrefillRequest;
import dev.andante.protocol.v1.ReleaseReply;
import dev.andante.protocol.v1.ReleaseRequest;
import dev.andante.protocol.v1.Role;
import dev.andante.protocol.v1.SamplingParameters;
import dev.andante.protocol.v1.StepCost;
import dev.andante.protocol.v1.StopParameters;
import dev.andante.protocol.v1.Token;
import dev.andante.protocol.v1.TokenChunk;
import dev.andante.protocol.v1.TokenLogprob;
import dev.andante.protocol.v1.TransferCost;
import dev.andante.protocol.v1.WatchKvRequest;
import dev.andante.protocol.v1.WorkerGrpc;
import dev.andante.protocol.v1.WorkerStatus;
import dev.andante.service.grpc.Failures;
import dev.andante.service.grpc.RequestIds;
import dev.andante.service.grpc.TraceParent;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A worker of either role on loopback. Its answers are scripted: token k of every answer is token k
 * of {@code answer}, whichever worker generates it, then the end token; so a resumed answer can be
 * told from a repeated one.
 */
final class FakeWorker implements AutoCloseable {

  private static final AtomicInteger NUMBERS = new AtomicInteger();

  final Role role;
  final String model;
  final String instance;
  final List<PrefillRequest> prefills = new CopyOnWriteArrayList<>();
  final List<DecodeRequest> decodes = new CopyOnWriteArrayList<>();
  final List<String> requestIds = new CopyOnWriteArrayList<>();
  final List<TraceParent> traces = new CopyOnWriteArrayList<>();
  final Set<String> released = ConcurrentHashMap.newKeySet();
  final AtomicInteger cancelled = new AtomicInteger();
  final AtomicInteger statuses = new AtomicInteger();
  final AtomicInteger open = new AtomicInteger();

  /** What happens to the next prefills, in order; null = it works. */
  final ConcurrentLinkedQueue<StatusRuntimeException> prefillFailures =
      new ConcurrentLinkedQueue<>();

  /** What happens to the next decodes that fork another one, in order. */
  final ConcurrentLinkedQueue<StatusRuntimeException> forkFailures = new ConcurrentLinkedQueue<>();

  /** What happens to the next decodes, in order. */
  final ConcurrentLinkedQueue<Cut> decodeFailures = new ConcurrentLinkedQueue<>();

  final FakeHandOvers handOvers = new FakeHandOvers();

  volatile List<Integer> answer = TestModel.tokens("Hello");
  volatile Map<Integer, List<TokenLogprob>> alternatives = Map.of();
  volatile int end = TestModel.END;
  volatile boolean ready = true;

  /** Null = the test model's. */
  volatile @Nullable ModelInfo info;

  /** What prefill says of itself in its replies, tokens aside. */
  volatile PrefillReply prefillFigures = PrefillReply.getDefaultInstance();

  /** What decode says in its last chunk. */
  volatile GenerationStats stats = GenerationStats.getDefaultInstance();

  volatile int running;
  volatile long queuedPromptTokens;
  volatile StepCost stepCost = StepCost.getDefaultInstance();
  volatile TransferCost transferCost = TransferCost.getDefaultInstance();
  volatile int tokensPerChunk = 1;

  /** What it makes of its status before it tells it. */
  volatile UnaryOperator<WorkerStatus> telling = UnaryOperator.identity();

  /** While set, statuses are asked for and not told. */
  volatile @Nullable CountDownLatch statusGate;

  /** Decodes that it runs at once; it refuses more. */
  volatile int places = Integer.MAX_VALUE;

  final AtomicInteger mostOpen = new AtomicInteger();
  final List<StreamObserver<KvChanges>> watching = new CopyOnWriteArrayList<>();
  private volatile KvChanges kv = KvChanges.newBuilder().setResync(true).build();
  volatile @Nullable CountDownLatch prefillGate;
  volatile @Nullable CountDownLatch decodeGate;

  /** Tokens that come before {@link #decodeGate} is waited for. */
  volatile int tokensBeforeGate;

  private final ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
  private final Server server;

  /**
   * Fails a decode after some tokens.
   *
   * @param error null = the stream just completes
   */
  record Cut(int after, @Nullable StatusRuntimeException error) {}

  FakeWorker(Role role, String model) {
    this.role = role;
    this.model = model;
    this.instance = role.name().toLowerCase(Locale.ROOT) + "-" + NUMBERS.incrementAndGet();
    this.server = serve();
  }

  static FakeWorker prefill() {
    return new FakeWorker(Role.ROLE_PREFILL, TestModel.NAME);
  }

  static FakeWorker decode() {
    return new FakeWorker(Role.ROLE_DECODE, TestModel.NAME);
  }

  String target() {
    return "127.0.0.1:" + server.getPort();
  }

  void answers(String text) {
    answer = TestModel.tokens(text);
  }

  /** The process dies: every call breaks, nothing listens any more. */
  void kill() {
    try {
      if (!server.shutdownNow().awaitTermination(5, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the fake worker does not stop");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    kill();
    calls.shutdownNow();
  }

  private Server serve() {
    try {
      return NettyServerBuilder.forAddress(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
          .executor(calls)
          .intercept(new RequestIds.Server())
          .permitKeepAliveTime(1, TimeUnit.SECONDS)
          .permitKeepAliveWithoutCalls(true)
          .addService(new WorkerService())
          .addService(new PrefillService())
          .addService(new DecodeService())
          .build()
          .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Token token(int position, SamplingParameters sampling) {
    int id = position < answer.size() ? answer.get(position) : end;
    Token.Builder token = Token.newBuilder().setId(id);
    if (sampling.getLogprobs()) {
      token.setLogprob(-0.5f);
      token.addAllTop(alternatives.getOrDefault(position, List.of()));
    }
    return token.build();
  }

  private FinishReason finish(int position, StopParameters stop) {
    if (position >= answer.size() && !stop.getIgnoreEos()) {
      return FinishReason.FINISH_REASON_STOP;
    }
    return position + 1 >= stop.getMaxTokens()
        ? FinishReason.FINISH_REASON_LENGTH
        : FinishReason.FINISH_REASON_UNSPECIFIED;
  }

  private void await(@Nullable CountDownLatch gate) {
    if (gate == null) {
      return;
    }
    try {
      if (!gate.await(30, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the test never opened the gate");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void note() {
    String id = RequestIds.CONTEXT.get();
    if (id != null) {
      requestIds.add(id);
    }
    TraceParent trace = RequestIds.TRACE_CONTEXT.get();
    if (trace != null) {
      traces.add(trace);
    }
  }

  private final class WorkerService extends WorkerGrpc.WorkerImplBase {
    @Override
    public void getModelInfo(GetModelInfoRequest request, StreamObserver<ModelInfo> observer) {
      ModelInfo own = info;
      observer.onNext(own != null ? own : TestModel.info(model, request.getIncludeTokenizer()));
      observer.onCompleted();
    }

    @Override
    public void getStatus(GetStatusRequest request, StreamObserver<WorkerStatus> observer) {
      statuses.incrementAndGet();
      CountDownLatch held = statusGate;
      if (held != null) {
        calls.execute(
            () -> {
              await(held);
              tell(observer);
            });
        return;
      }
      tell(observer);
    }

    @Override
    public void watchKv(WatchKvRequest request, StreamObserver<KvChanges> observer) {
      ((ServerCallStreamObserver<KvChanges>) observer)
          .setOnCancelHandler(() -> watching.remove(observer));
      observer.onNext(kv);
      watching.add(observer);
    }

    private void tell(StreamObserver<WorkerStatus> observer) {
      WorkerStatus status =
          WorkerStatus.newBuilder()
              .setRole(role)
              .setInstance(instance)
              .setReady(ready)
              .setDraining(handOvers.stopping())
              .setRunning(running)
              .setQueuedPromptTokens(queuedPromptTokens)
              .setStepCost(stepCost)
              .setTransferCost(transferCost)
              .setFreeBlocks(100)
              .setTotalBlocks(100)
              .setBlockSize(16)
              .setKvAddress(role == Role.ROLE_DECODE ? target() : "")
              .build();
      observer.onNext(telling.apply(status));
      observer.onCompleted();
    }
  }

  /** Tells those that watch its KV, now and later, that this is all it holds. */
  void holds(KvChanges all) {
    kv = all;
    watching.forEach(watcher -> watcher.onNext(all));
  }

  /** Ends their calls. */
  void endWatching() {
    watching.forEach(StreamObserver::onCompleted);
    watching.clear();
  }

  private final class PrefillService extends PrefillGrpc.PrefillImplBase {
    @Override
    public void prefill(PrefillRequest request, StreamObserver<PrefillReply> observer) {
      note();
      prefills.add(request);
      var call = (ServerCallStreamObserver<PrefillReply>) observer;
      call.setOnCancelHandler(cancelled::incrementAndGet);
      StatusRuntimeException failure = prefillFailures.poll();
      if (failure != null) {
        observer.onError(failure);
        return;
      }
      calls.execute(
          () -> {
            await(prefillGate);
            if (call.isCancelled()) {
              return;
            }
            int position = request.getGenerated();
            observer.onNext(
                prefillFigures.toBuilder()
                    .setFirstToken(token(position, request.getSampling()))
                    .setKvHandle("kv/" + request.getAttempt().getRequestId() + "/" + position)
                    .setFinishReason(finish(position, request.getStop()))
                    .build());
            observer.onCompleted();
          });
    }
  }

  private final class DecodeService extends DecodeGrpc.DecodeImplBase {
    @Override
    public void decode(DecodeRequest request, StreamObserver<TokenChunk> observer) {
      note();
      StatusRuntimeException notThere = request.hasForked() ? forkFailures.poll() : null;
      if (notThere != null) {
        observer.onError(notThere);
        return;
      }
      decodes.add(request);
      int running = open.incrementAndGet();
      if (running > places) {
        open.decrementAndGet();
        observer.onError(
            Failures.of(Status.Code.RESOURCE_EXHAUSTED, "saturated", "no blocks", true));
        return;
      }
      mostOpen.accumulateAndGet(running, Math::max);
      var call = (ServerCallStreamObserver<TokenChunk>) observer;
      // the gateway cancels what has told its last token: both ends of a call may come
      AtomicBoolean counted = new AtomicBoolean(true);
      Runnable ended =
          () -> {
            if (counted.getAndSet(false)) {
              open.decrementAndGet();
            }
          };
      call.setOnCancelHandler(
          () -> {
            cancelled.incrementAndGet();
            ended.run();
          });
      calls.execute(() -> generate(request, call, ended));
    }

    private void generate(
        DecodeRequest request, ServerCallStreamObserver<TokenChunk> call, Runnable ended) {
      int position = start(request);
      Cut cut = decodeFailures.poll();
      FakeHandOvers.Stream stream = handOvers.stream();
      int sent = 0;
      FinishReason finish = FinishReason.FINISH_REASON_UNSPECIFIED;
      while (finish == FinishReason.FINISH_REASON_UNSPECIFIED && !call.isCancelled()) {
        if (sent >= tokensBeforeGate) {
          await(decodeGate);
        }
        if (cut != null && sent >= cut.after()) {
          ended.run();
          if (cut.error() == null) {
            call.onCompleted();
          } else {
            call.onError(cut.error());
          }
          return;
        }
        if (moved(stream, sent, position, call)) {
          ended.run();
          return;
        }
        List<Token> tokens = new ArrayList<>();
        while (tokens.size() < tokensPerChunk && finish == FinishReason.FINISH_REASON_UNSPECIFIED) {
          tokens.add(token(position, request.getSampling()));
          finish = finish(position, request.getStop());
          position++;
        }
        sent += tokens.size();
        synchronized (this) {
          if (call.isCancelled()) {
            return;
          }
          TokenChunk.Builder chunk =
              TokenChunk.newBuilder().addAllTokens(tokens).setFinishReason(finish);
          if (finish != FinishReason.FINISH_REASON_UNSPECIFIED) {
            chunk.setStats(stats);
          }
          call.onNext(chunk.build());
        }
      }
      if (!call.isCancelled()) {
        ended.run();
        call.onCompleted();
      }
    }

    private boolean moved(
        FakeHandOvers.Stream stream, int sent, int position, StreamObserver<TokenChunk> call) {
      try {
        return stream.moved(sent, position, call);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return true;
      }
    }

    /** The handle of transferred KV says which position the first token has. */
    private int start(DecodeRequest request) {
      if (request.hasLocal()) {
        return request.getLocal().getGenerated();
      }
      if (request.hasForked()) {
        return 0;
      }
      String handle = request.getTransferred().getKvHandle();
      return Integer.parseInt(handle.substring(handle.lastIndexOf('/') + 1))
          + 1
          + request.getTransferred().getFollowingCount();
    }

    @Override
    public void handOver(HandOverRequest request, StreamObserver<HandOverReply> observer) {
      handOvers.handOver(request, observer);
    }

    @Override
    public void release(ReleaseRequest request, StreamObserver<ReleaseReply> observer) {
      released.add(request.getKvHandle());
      observer.onNext(ReleaseReply.newBuilder().setReleased(true).build());
      observer.onCompleted();
    }
  }
}
