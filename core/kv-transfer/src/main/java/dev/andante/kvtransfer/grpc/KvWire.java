package dev.andante.kvtransfer.grpc;

import com.google.protobuf.UnsafeByteOperations;
import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException;
import dev.andante.engine.PromptTokens;
import dev.andante.kvtransfer.KvChecksums;
import dev.andante.kvtransfer.KvCoding;
import dev.andante.kvtransfer.KvFormat;
import dev.andante.kvtransfer.KvGrant;
import dev.andante.kvtransfer.KvRun;
import dev.andante.protocol.v1.KvCancel;
import dev.andante.protocol.v1.KvCommit;
import dev.andante.protocol.v1.KvData;
import dev.andante.protocol.v1.KvFrame;
import dev.andante.protocol.v1.KvGranted;
import dev.andante.protocol.v1.KvHandshake;
import dev.andante.protocol.v1.KvHeartbeat;
import dev.andante.protocol.v1.KvOpen;
import java.nio.ByteBuffer;
import java.time.Duration;

/** Transfer types as messages and back. */
public final class KvWire {

  private KvWire() {}

  public static KvHandshake handshake(KvFormat format) {
    return KvHandshake.newBuilder()
        .setProtocolVersion(format.protocolVersion())
        .setModelFingerprint(format.modelFingerprint())
        .setDtype(format.dtype())
        .setLayout(format.layout())
        .setBlockSize(format.blockSize())
        .setLayers(format.layers())
        .setKvHeads(format.kvHeads())
        .setHeadDim(format.headDim())
        .setNumerics(format.numerics())
        .build();
  }

  static KvFormat format(KvHandshake handshake) {
    return new KvFormat(
        handshake.getProtocolVersion(),
        handshake.getModelFingerprint(),
        handshake.getDtype(),
        handshake.getLayout(),
        handshake.getBlockSize(),
        handshake.getLayers(),
        handshake.getKvHeads(),
        handshake.getHeadDim(),
        handshake.getNumerics());
  }

  /**
   * @param coding how the sender would rather send KV
   */
  static KvFrame open(
      Attempt attempt, KvFormat format, PromptTokens prompt, Duration patience, KvCoding coding) {
    KvOpen.Builder open =
        KvOpen.newBuilder()
            .setAttempt(
                dev.andante.protocol.v1.Attempt.newBuilder()
                    .setRequestId(attempt.requestId())
                    .setEpoch(attempt.epoch()))
            .setHandshake(handshake(format))
            .setGenerated(prompt.generated())
            .setPatienceMillis(patience.toMillis())
            .addAllCodings(coding.offers())
            .setTakesLink(true)
            .setCrc32C(KvChecksums.of(attempt, prompt));
    for (int token : prompt.ids()) {
      open.addTokens(token);
    }
    return KvFrame.newBuilder().setOpen(open).build();
  }

  /** Of one that {@link GrantCheck} finds nothing wrong with: what was offered is known here. */
  static KvGrant grant(KvGranted granted) {
    return new KvGrant(
        granted.getKvHandle(),
        granted.getLeaseMillis(),
        granted.getCachedTokens(),
        KvCoding.named(granted.getCoding()).orElseThrow());
  }

  static Duration patience(KvOpen open) {
    return Duration.ofMillis(Math.max(0, open.getPatienceMillis()));
  }

  static Attempt attempt(KvOpen open) {
    return new Attempt(open.getAttempt().getRequestId(), open.getAttempt().getEpoch());
  }

  /**
   * @throws EngineException INVALID_REQUEST if there is no such prompt; BAD_FRAME if it is not the
   *     one that was sent
   */
  static PromptTokens prompt(KvOpen open) {
    int[] ids = open.getTokensList().stream().mapToInt(Integer::intValue).toArray();
    PromptTokens prompt;
    try {
      prompt = new PromptTokens(ids, open.getGenerated());
    } catch (IllegalArgumentException e) {
      throw new EngineException(EngineException.Code.INVALID_REQUEST, e.getMessage(), e);
    }
    if (KvChecksums.of(attempt(open), prompt) != open.getCrc32C()) {
      throw new EngineException(
          EngineException.Code.BAD_FRAME,
          "checksum of the prompt does not match its content; send it again");
    }
    return prompt;
  }

  /** The payload is wrapped, not copied: it must not change while the frame is in use. */
  static KvFrame data(KvRun run) {
    KvData.Builder data = about(run).setPayload(UnsafeByteOperations.unsafeWrap(run.payload()));
    return KvFrame.newBuilder().setData(data).build();
  }

  /** For a payload that goes apart. */
  static KvFrame dataWithoutPayload(KvRun run) {
    return KvFrame.newBuilder().setData(about(run)).build();
  }

  private static KvData.Builder about(KvRun run) {
    return KvData.newBuilder()
        .setSequence(run.sequence())
        .setFirstToken(run.firstToken())
        .setTokenCount(run.tokens())
        .setFirstLayer(run.firstLayer())
        .setLayerCount(run.layers())
        .setCrc32C(run.crc32c());
  }

  /**
   * @param payload wherever it came
   */
  static KvRun run(KvData data, ByteBuffer payload) {
    return new KvRun(
        data.getSequence(),
        data.getFirstToken(),
        data.getTokenCount(),
        data.getFirstLayer(),
        data.getLayerCount(),
        data.getCrc32C(),
        payload);
  }

  static KvFrame heartbeat() {
    return KvFrame.newBuilder().setHeartbeat(KvHeartbeat.getDefaultInstance()).build();
  }

  static KvFrame cancel(String reason) {
    return KvFrame.newBuilder().setCancel(KvCancel.newBuilder().setReason(reason)).build();
  }

  static KvFrame commit(long frames, int tokens) {
    return KvFrame.newBuilder()
        .setCommit(KvCommit.newBuilder().setFrames(frames).setTokens(tokens))
        .build();
  }
}
