package dev.andante.service.state;

import java.util.Optional;

/**
 * One reason why a process may not be given work yet. Asked often, from any thread; answers at once
 * from memory.
 */
@FunctionalInterface
public interface ReadinessCheck {

  /** Empty when nothing stands in the way, else what is missing, in words for an operator. */
  Optional<String> notReadyReason();
}
