"""What leaves or enters the machine, and only when the reader has said so.

    archive    an archive of images (PACS), whichever way it is spoken to; what it is asked, and what is sent
    dicomweb   over DICOMweb: QIDO, WADO, STOW
    dimse      as a DICOM node: C-ECHO, C-FIND, C-GET, C-STORE

Addresses and keys come from `agent.settings` alone. Nothing here is reached by a language model but through `export`,
which waits for the reader's approval.
"""
