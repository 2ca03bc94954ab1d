package dev.andante.simulator.serving;

import dev.andante.engine.scheduler.Scheduler;

/** Makes the scheduler whose policy is tried. */
@FunctionalInterface
public interface ServingPolicy {

  /** A scheduler for one run. */
  Scheduler scheduler(Served served);
}
