package dev.andante.expert;

import dev.andante.protocol.v1.ExpertBatch;
import dev.andante.protocol.v1.ExpertResult;
import dev.andante.service.grpc.RequestIds;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a client's batches leave in the log: a line when a request's first tokens come, so that it
 * can be found here too, and one for each of its batches that fails. Used by one thread at a time.
 */
final class ExpertLog {

  private static final Logger LOG = LoggerFactory.getLogger(ExpertLog.class);

  /** Requests remembered; one that comes back later than that is announced again. */
  private static final int REMEMBERED = 1024;

  private final Set<String> seen =
      Collections.newSetFromMap(
          new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
              return size() > REMEMBERED;
            }
          });

  void computed(ExpertBatch batch, ExpertResult result) {
    for (String attempt : batch.getRequestsList()) {
      if (seen.add(attempt)) {
        RequestIds.ofAttempt(attempt)
            .run(() -> LOG.info("expert work begins at layer {}", batch.getLayer()));
      }
      if (!result.getError().isEmpty()) {
        RequestIds.ofAttempt(attempt)
            .run(
                () ->
                    LOG.warn(
                        "expert work failed: layer {}, {}", batch.getLayer(), result.getError()));
      }
    }
  }
}
