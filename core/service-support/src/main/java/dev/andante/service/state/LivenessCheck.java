package dev.andante.service.state;

import java.util.Optional;

/**
 * One way in which a process can come to an end without ending: nothing it does will make it well
 * again, so whoever watches over it must replace it. Asked often, from any thread; answers at once
 * from memory.
 */
@FunctionalInterface
public interface LivenessCheck {

  /** Empty while the process works or may yet; else what broke, in words for an operator. */
  Optional<String> deadReason();
}
