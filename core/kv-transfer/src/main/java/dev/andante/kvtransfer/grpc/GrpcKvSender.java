package dev.andante.kvtransfer.grpc;

import dev.andante.compute.KvLayout;
import dev.andante.engine.Attempt;
import dev.andante.engine.PromptTokens;
import dev.andante.kvtransfer.KvCoding;
import dev.andante.kvtransfer.KvFormat;
import dev.andante.kvtransfer.KvOutbound;
import dev.andante.kvtransfer.KvSender;
import dev.andante.kvtransfer.KvTransferObserver;
import dev.andante.kvtransfer.Payloads;
import dev.andante.kvtransfer.link.Links;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Pushes KV to receivers over gRPC, and a link beside it where they offer one. */
public final class GrpcKvSender implements KvSender {

  /**
   * The link takes another frame while fewer bytes wait for it: with gRPC's 32 KB it would run dry
   * between any two of them.
   */
  private static final int READY_BYTES = 2 << 20;

  /** Of memory for KV that waits, beyond what waits. */
  private static final long KEPT_BYTES = 64 << 20;

  private final Function<String, ? extends Channel> channels;
  private final KvLayout layout;
  private final KvFormat format;
  private final Links links;
  private final Executor executor;
  private final KvTransferObserver observer;
  private final int maxFrameBytes;
  private final KvCoding coding;
  private final Payloads payloads = Payloads.offHeap(Payloads.share(KEPT_BYTES));

  /**
   * @param channels a channel for a target; theirs to keep and close
   * @param links that frames may go over; theirs to close who made them
   * @param executor makes frames and writes them, so that the engine thread need not; its tasks
   *     block while a link takes nothing more, so each should have a thread
   * @param maxFrameBytes payload of a frame, rounded up to one layer of one run; a block of a big
   *     model is split by layers
   * @param coding offered to receivers; who does not know it gets KV as it is
   */
  public GrpcKvSender(
      Function<String, ? extends Channel> channels,
      KvLayout layout,
      KvFormat format,
      Links links,
      Executor executor,
      KvTransferObserver observer,
      int maxFrameBytes,
      KvCoding coding) {
    this.channels = channels;
    this.layout = layout;
    this.format = format;
    this.links = links;
    this.executor = executor;
    this.observer = observer;
    this.maxFrameBytes = maxFrameBytes;
    this.coding = coding;
  }

  /** Sends KV as it is. */
  public GrpcKvSender(
      Function<String, ? extends Channel> channels,
      KvLayout layout,
      KvFormat format,
      Links links,
      Executor executor,
      KvTransferObserver observer,
      int maxFrameBytes) {
    this(channels, layout, format, links, executor, observer, maxFrameBytes, KvCoding.AS_IS);
  }

  @Override
  public KvOutbound open(
      String target, Attempt attempt, PromptTokens prompt, Duration timeout, Duration patience) {
    Channel channel = channels.apply(target);
    CallOptions options =
        CallOptions.DEFAULT
            .withDeadlineAfter(Math.max(1, timeout.toNanos()), TimeUnit.NANOSECONDS)
            .withOnReadyThreshold(READY_BYTES);
    PushOutbound push =
        new PushOutbound(
            target,
            layout,
            prompt.ids().length,
            maxFrameBytes,
            answers ->
                ClientCalls.asyncBidiStreamingCall(
                    channel.newCall(PushMethod.SENDING, options), answers),
            links,
            KvWire.open(attempt, format, prompt, patience, coding),
            executor,
            observer,
            payloads);
    push.start();
    return push;
  }
}
