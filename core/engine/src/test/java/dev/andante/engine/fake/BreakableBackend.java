package dev.andante.engine.fake;

import dev.andante.compute.Backend;
import dev.andante.compute.BackendException;
import java.util.concurrent.atomic.AtomicBoolean;

/** A backend whose device can be lost: from then on whatever is asked of it fails, as with CUDA. */
public final class BreakableBackend {

  public final AtomicBoolean lost = new AtomicBoolean();

  public Backend wrap(Backend real) {
    return AlteredBackend.everywhere(
            method -> {
              if (lost.get() && !method.equals("close")) {
                throw new BackendException("device lost");
              }
              return null;
            })
        .apply(real);
  }
}
