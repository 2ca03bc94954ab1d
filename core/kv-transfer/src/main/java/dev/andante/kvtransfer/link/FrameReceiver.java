package dev.andante.kvtransfer.link;

import java.io.IOException;

/**
 * Takes the frames of one call that come over a link. On the link's thread, which reads the next
 * one when this is done with it.
 */
public interface FrameReceiver {

  void onFrame(InFrame frame);

  /**
   * No more frames come over the link, though the last one was not a commit.
   *
   * @param cause a {@link com.google.protobuf.InvalidProtocolBufferException} if what came is no
   *     frame; else the connection is lost
   */
  void onLinkLost(IOException cause);
}
