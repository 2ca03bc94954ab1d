package dev.andante.expert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.andante.compute.Backend;
import dev.andante.compute.BackendException;
import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.host.config.ModelProperties;
import dev.andante.host.model.ModelSource;
import dev.andante.protocol.v1.ExpertBatch;
import dev.andante.protocol.v1.ExpertGrpc;
import dev.andante.protocol.v1.ExpertResult;
import dev.andante.protocol.v1.ExpertShard;
import dev.andante.protocol.v1.GetShardRequest;
import dev.andante.service.ServiceLauncher;
import dev.andante.service.grpc.Failures;
import dev.andante.service.grpc.GrpcChannels;
import dev.andante.service.grpc.GrpcServer;
import dev.andante.service.state.LongStreams;
import dev.andante.service.state.ServiceState;
import dev.andante.testkit.TestModels;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.context.ConfigurableApplicationContext;

/** The role as a process has it, on a small mixture-of-experts checkpoint. */
@Tag("slow")
class ExpertServiceTest {

  private static final int HIDDEN = 48;

  private ConfigurableApplicationContext service;

  @AfterEach
  void stop() {
    if (service != null) {
      service.close();
    }
  }

  @Test
  void holdsItsShareAndComputesIt() throws Exception {
    start("mixtral-top2", "--andante.expert.shard=1", "--andante.expert.shards=2");
    ExpertShard shard =
        ExpertGrpc.newBlockingStub(channel()).getShard(GetShardRequest.getDefaultInstance());
    assertThat(shard.getExpertsList()).containsExactly(1, 3, 5);
    assertThat(shard.getHiddenSize()).isEqualTo(HIDDEN);

    Results results = new Results();
    StreamObserver<ExpertBatch> batches = ExpertGrpc.newStub(channel()).compute(results);
    float[] row = new float[HIDDEN];
    for (int i = 0; i < HIDDEN; i++) {
      row[i] = (float) Math.sin(i);
    }
    batches.onNext(batch(7, List.of(1, 5), List.of(1, 1), row, row));
    ExpertResult both = results.next();
    assertThat(both.getError()).isEmpty();
    assertThat(both.getId()).isEqualTo(7);
    float[] outputs = floats(both.getOutputs());
    assertThat(outputs).hasSize(2 * HIDDEN);
    assertThat(Arrays.copyOf(outputs, HIDDEN))
        .as("two experts differ")
        .isNotEqualTo(Arrays.copyOfRange(outputs, HIDDEN, 2 * HIDDEN));

    batches.onNext(batch(8, List.of(5), List.of(1), row));
    assertThat(floats(results.next().getOutputs()))
        .as("an expert's output does not depend on what else is in the message")
        .isEqualTo(Arrays.copyOfRange(outputs, HIDDEN, 2 * HIDDEN));
    batches.onCompleted();
  }

  @Test
  void aBatchThatDoesNotFitIsRefusedAndTheStreamGoesOn() throws Exception {
    start("mixtral-top2", "--andante.expert.shards=2", "--andante.expert.max-rows=2");
    Results results = new Results();
    StreamObserver<ExpertBatch> batches = ExpertGrpc.newStub(channel()).compute(results);
    float[] row = new float[HIDDEN];
    batches.onNext(batch(1, List.of(1), List.of(1), row));
    assertThat(results.next().getError()).as("expert 1 is elsewhere").contains("1");
    batches.onNext(batch(2, List.of(0), List.of(2), row));
    assertThat(results.next().getError()).as("one row for two").isNotEmpty();
    batches.onNext(batch(3, List.of(0), List.of(3), row, row, row));
    assertThat(results.next().getError()).contains("at most 2");
    batches.onNext(
        ExpertBatch.newBuilder().setId(4).setActivations(ByteString.copyFrom(new byte[5])).build());
    assertThat(results.next().getError()).contains("5 bytes");
    batches.onNext(batch(5, List.of(0), List.of(1), row));
    assertThat(results.next().getError()).isEmpty();
    batches.onCompleted();
  }

  @Test
  void aDenseModelHasNothingToHold() throws Exception {
    start("llama-gqa");
    ExpertShard shard =
        ExpertGrpc.newBlockingStub(channel()).getShard(GetShardRequest.getDefaultInstance());
    assertThat(shard.getExpertsList()).isEmpty();
    assertThat(shard.getModelFingerprint()).isNotEmpty();
    Results results = new Results();
    StreamObserver<ExpertBatch> batches = ExpertGrpc.newStub(channel()).compute(results);
    assertThat(results.failures.poll(5, TimeUnit.SECONDS)).isEqualTo("no_experts");
    assertThat(batches).isNotNull();
  }

  @Test
  void holdsExpertsOfADummyModel() throws Exception {
    startPath("dummy:mixtral-tiny", "--andante.expert.shard=1", "--andante.expert.shards=2");
    ExpertShard shard =
        ExpertGrpc.newBlockingStub(channel()).getShard(GetShardRequest.getDefaultInstance());
    assertThat(shard.getExpertsList()).containsExactly(1, 3);
  }

  @Test
  void isIdleBesideADenseDummyModel() throws Exception {
    startPath("dummy:llama-tiny");
    ExpertShard shard =
        ExpertGrpc.newBlockingStub(channel()).getShard(GetShardRequest.getDefaultInstance());
    assertThat(shard.getExpertsList()).isEmpty();
  }

  @Test
  void anEmptyShareIsAnErrorThatNamesTheSetting() {
    Path model = TestModels.requireGolden().resolve("zoo").resolve("mixtral-top2");
    LinkedBlockingQueue<RuntimeException> failures = new LinkedBlockingQueue<>();
    ShardHost host =
        new ShardHost(
            "m",
            () -> ModelSource.open(new ModelProperties(model.toString(), "", 0)),
            new ExpertProperties(6, 7, 16),
            () -> {
              throw new AssertionError("nothing to load, so no backend is opened");
            },
            failures::add);
    host.start();
    try {
      assertThatThrownBy(
              () -> {
                throw failures.poll(10, TimeUnit.SECONDS);
              })
          .hasMessageContaining("andante.expert.shards");
      assertThat(host.notReadyReason()).isPresent();
    } finally {
      host.stop();
    }
  }

  @Test
  void aLostDeviceIsNotAlive() throws Exception {
    Path model = TestModels.requireGolden().resolve("zoo").resolve("mixtral-top2");
    AtomicBoolean lost = new AtomicBoolean();
    try (ComputePool pool = new ComputePool(1)) {
      ShardHost host =
          new ShardHost(
              "m",
              () -> ModelSource.open(new ModelProperties(model.toString(), "", 0)),
              new ExpertProperties(0, 1, 16),
              () -> breakable(Backends.open("reference", pool), lost),
              failure -> {
                throw failure;
              });
      host.start();
      try {
        until(() -> host.state() instanceof ShardState.Loaded);
        ExpertBatches batches =
            new ExpertBatches(
                ((ShardState.Loaded) host.state()).shard(), 16, host::afterBackendFailure);
        ExpertBatch batch = batch(1, List.of(0), List.of(1), new float[HIDDEN]);
        assertThat(batches.compute(batch).getError()).isEmpty();
        host.afterBackendFailure();
        assertThat(host.deadReason()).as("one failure of a device that works").isEmpty();

        lost.set(true);
        assertThat(batches.compute(batch).getError()).contains("device lost");
        assertThat(host.deadReason())
            .hasValueSatisfying(why -> assertThat(why).contains("device lost"));
        assertThat(host.state()).isInstanceOf(ShardState.Lost.class);
      } finally {
        host.stop();
      }
    }
  }

  private static Backend breakable(Backend real, AtomicBoolean lost) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              if (lost.get() && !method.getName().equals("close")) {
                throw new BackendException("device lost");
              }
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Test
  void beforeItIsLoadedItSaysSo() {
    ExpertGrpcService loading =
        new ExpertGrpcService(
            () -> new ShardState.Loading("loading x"),
            new ExpertProperties(0, 1, 1),
            null,
            new LongStreams(),
            () -> {});
    LinkedBlockingQueue<Throwable> errors = new LinkedBlockingQueue<>();
    loading.getShard(
        GetShardRequest.getDefaultInstance(),
        new StreamObserver<>() {
          @Override
          public void onNext(ExpertShard value) {}

          @Override
          public void onError(Throwable t) {
            errors.add(t);
          }

          @Override
          public void onCompleted() {}
        });
    assertThat(errors.poll())
        .isInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("UNAVAILABLE");
  }

  private void start(String zoo, String... more) throws InterruptedException {
    startPath(TestModels.requireGolden().resolve("zoo").resolve(zoo).toString(), more);
  }

  private void startPath(String model, String... more) throws InterruptedException {
    String[] arguments = Arrays.copyOf(more, more.length + 3);
    arguments[more.length] = "--server.port=0";
    arguments[more.length + 1] = "--andante.grpc.port=0";
    arguments[more.length + 2] = "--andante.model.path=" + model;
    service = ServiceLauncher.of(ExpertApplication.class, "expert").run(arguments);
    until(() -> service.getBean(ServiceState.class).ready());
  }

  private static void until(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("within 30 s").isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private io.grpc.Channel channel() {
    return service
        .getBean(GrpcChannels.class)
        .channel("127.0.0.1:" + service.getBean(GrpcServer.class).port());
  }

  private static ExpertBatch batch(
      long id, List<Integer> experts, List<Integer> rowsPerExpert, float[]... rows) {
    ByteBuffer bytes = ByteBuffer.allocate(rows.length * HIDDEN * 4).order(ByteOrder.LITTLE_ENDIAN);
    for (float[] row : rows) {
      for (float value : row) {
        bytes.putFloat(value);
      }
    }
    return ExpertBatch.newBuilder()
        .setId(id)
        .setLayer(0)
        .addAllExperts(experts)
        .addAllRows(rowsPerExpert)
        .setActivations(ByteString.copyFrom(bytes.flip()))
        .build();
  }

  private static float[] floats(ByteString bytes) {
    float[] values = new float[bytes.size() / 4];
    bytes.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  private static final class Results implements StreamObserver<ExpertResult> {
    private final BlockingQueue<ExpertResult> received = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> failures = new LinkedBlockingQueue<>();

    ExpertResult next() throws InterruptedException {
      ExpertResult result = received.poll(10, TimeUnit.SECONDS);
      assertThat(result).as("a result within 10 s; failures %s", failures).isNotNull();
      return result;
    }

    @Override
    public void onNext(ExpertResult result) {
      received.add(result);
    }

    @Override
    public void onError(Throwable t) {
      failures.add(Failures.from(t).getCode());
    }

    @Override
    public void onCompleted() {}
  }
}
