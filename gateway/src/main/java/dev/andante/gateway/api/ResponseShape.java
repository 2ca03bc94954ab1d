package dev.andante.gateway.api;

import dev.andante.gateway.pipeline.Answer;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * How one response of a kind looks, whole or in chunks. Made per response; one thread at a time.
 */
interface ResponseShape {

  /** The chunks that say this; possibly none. */
  List<ObjectNode> chunks(Answer answer);

  /** The chunk with usage and no choices. */
  ObjectNode usageChunk(Usage usage);

  /**
   * @param answers by index
   */
  ObjectNode whole(List<WholeAnswer> answers, Usage usage);
}
