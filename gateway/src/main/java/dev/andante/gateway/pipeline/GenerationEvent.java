package dev.andante.gateway.pipeline;

import dev.andante.protocol.v1.FinishReason;
import dev.andante.protocol.v1.Token;
import java.util.List;

/** What comes out of the mesh for one answer. */
sealed interface GenerationEvent {

  record Tokens(List<Token> tokens) implements GenerationEvent {}

  /** The last event. */
  record Finished(FinishReason reason) implements GenerationEvent {}

  /** What is known by now of how it is served; comes before the tokens it belongs to. */
  record Served(ServingFigures figures) implements GenerationEvent {}
}
