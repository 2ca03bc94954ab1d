package dev.andante.benchmarks.kernels;

import dev.andante.benchmarks.scheduling.SteadyLoad;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What a step costs beside its computation, see {@link SteadyLoad}. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 6, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Benchmark)
public class SchedulerKernel {

  @Param({"FCFS", "PRIORITY", "MLFQ", "QOE"})
  public String policy = "";

  @Param("256")
  public int running;

  private @Nullable SteadyLoad load;

  @Setup(Level.Trial)
  public void fill() {
    load = new SteadyLoad(SteadyLoad.Policy.valueOf(policy), running);
  }

  /** One step; returns its rows. */
  @Benchmark
  public int schedulerStep() {
    SteadyLoad filled = load;
    if (filled == null) {
      throw new IllegalStateException("not filled");
    }
    return filled.step();
  }
}
