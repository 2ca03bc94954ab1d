package dev.andante.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.andante.compute.Backend;
import dev.andante.compute.Batch;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.Precision;
import dev.andante.format.WeightFiles;
import dev.andante.model.loading.Models;
import dev.andante.testkit.TestModels;
import java.lang.management.ManagementFactory;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a decode step of the default model leaves to the collector. */
@Tag("slow")
class DecodeGarbageTest {

  private static final int CONTEXT = 512;

  /** Steps until the compiler has seen everything, and steps that are measured. */
  private static final int WARM_UP = 3000;

  private static final int STEPS = 200;

  @Test
  void aTokenLeavesLessThanAKilobyte() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long self = Thread.currentThread().threadId();
    try (ComputePool pool = new ComputePool(2);
        Backend backend = TestBackends.open("native", pool, Precision.FAST);
        LanguageModel model =
            Models.load(WeightFiles.open(TestModels.requireRealModel()), backend)) {
      KvLayout layout = model.kvLayout(16, DType.BF16);
      int blocks = layout.blocksFor(CONTEXT);
      int[][] table = {IntStream.range(0, blocks).toArray()};
      int[] token = {1};
      try (KvPool cache = backend.allocateKv(layout, blocks);
          Workspace workspace = model.workspace(1, 1)) {
        long before = 0;
        for (int step = 0; step < WARM_UP + STEPS; step++) {
          if (step == WARM_UP) {
            before = threads.getThreadAllocatedBytes(self);
          }
          Batch batch =
              new Batch(token, new int[] {0, 1}, new int[] {step % CONTEXT}, table, new int[] {0});
          backend.argmax(model.forward(batch, cache, workspace), token);
        }
        assertThat((threads.getThreadAllocatedBytes(self) - before) / STEPS).isLessThan(1024);
      }
    }
  }
}
